"""An AWS Lambda function that renews CI variables, with nothing but Lambda's own Python runtime."""
