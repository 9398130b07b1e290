"""A preview as a note in a merge request: dangers first, then the rest. It contains no secret."""
