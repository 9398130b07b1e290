"""A whole stack from one declaration."""
