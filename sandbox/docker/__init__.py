"""A real Docker Engine with real registries, on a copy of this machine that is thrown away afterwards."""
