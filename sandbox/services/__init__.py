"""The servers that a sandbox runs."""
