"""The documentation's site: the pages of `docs/`, the reference made from the types, and the pictures."""
