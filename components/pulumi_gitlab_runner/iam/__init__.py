"""IAM policy documents, derived from a declaration."""
