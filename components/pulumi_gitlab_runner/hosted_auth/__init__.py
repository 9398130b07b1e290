"""The Lambda function that renews CI variables, and its configuration."""
