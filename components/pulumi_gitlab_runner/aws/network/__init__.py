"""The VPC that a stack creates, and the VPCs of hosts and fleets."""
