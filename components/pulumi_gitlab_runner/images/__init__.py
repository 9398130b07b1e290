"""Image references: what they say, and what gitlab-runner makes of them."""
