"""What jobs get from AWS: roles, a cache, and credentials in CI variables."""
