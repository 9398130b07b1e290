"""What holds for GitLab runners on AWS. No Pulumi here: a rule looks at a resource's plain inputs."""
