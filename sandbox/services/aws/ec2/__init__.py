"""Patches moto's EC2, one module for each concept."""
