"""What holds for GitLab runners on AWS. A rule looks at a resource's inputs alone, one file a concern."""
