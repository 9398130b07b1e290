"""Runner hosts that are examined remotely, by AWS Systems Manager or a Docker Engine."""
