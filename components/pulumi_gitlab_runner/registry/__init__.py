"""A registry client, which resolves images as `docker pull` does, and copies them between registries."""
