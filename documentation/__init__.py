"""The documentation's site: the pages of `docs/`, the reference from the types, and the diagrams."""
