"""What a stack made and its state does not have, found by its mark in AWS and GitLab. Nothing is changed."""
