"""Images of other registries, copied into one of ours."""
