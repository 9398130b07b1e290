"""A registry client: looks images up as `docker pull` does, and copies them between registries."""
