"""Rules for GitLab runners on AWS, one file for each topic. A rule checks only the inputs of a resource."""
