"""Runner hosts and fleets in EC2: their instances, role, files and machine image."""
