"""Resources of a stack that are not in its state, found by its mark in AWS and GitLab. Nothing is changed."""
