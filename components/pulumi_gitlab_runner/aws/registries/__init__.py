"""ECR: repositories, pull-through caches, and the settings of a registry."""
