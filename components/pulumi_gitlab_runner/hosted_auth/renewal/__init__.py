"""A function of AWS Lambda that renews CI variables: by itself, on what Lambda's Python brings."""
