"""Components over pulumi_docker, one concept a file."""
