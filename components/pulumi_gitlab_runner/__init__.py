"""GitLab CI on AWS with private container registries, as Pulumi components."""
