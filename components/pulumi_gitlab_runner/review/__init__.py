"""A preview as a note in a merge request: what is dangerous first, then the rest. No secret is ever in it."""
