"""Runner hosts and fleets on EC2: their instances, roles, files and machine images."""
