"""A real Docker Engine with real registries, on a temporary copy of this machine."""
