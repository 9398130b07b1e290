"""Image references, their comparison with registries in gitlab-runner, and the rules of ECR for images."""
