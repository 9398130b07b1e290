"""Asking registries for images, as `docker pull` does: the doctor asks, and a preview for digests."""
