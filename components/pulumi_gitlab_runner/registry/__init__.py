"""Asking registries for images, as `docker pull` does, and copying images from one to another."""
