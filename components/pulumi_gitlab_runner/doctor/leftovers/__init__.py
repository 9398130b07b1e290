"""Resources with a stack's mark in AWS and GitLab that are not in its state; all requests are read-only."""
