"""Runner hosts that are examined from elsewhere, by Run Command of AWS Systems Manager."""
