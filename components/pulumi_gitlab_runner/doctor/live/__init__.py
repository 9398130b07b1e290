"""Runner hosts that are examined from elsewhere, by AWS Systems Manager or a Docker Engine."""
