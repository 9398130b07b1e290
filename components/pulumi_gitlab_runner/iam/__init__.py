"""IAM policy documents that follow from a declaration."""
