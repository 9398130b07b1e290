"""The AWS Lambda function that renews CI variables. It needs only Lambda's Python runtime."""
