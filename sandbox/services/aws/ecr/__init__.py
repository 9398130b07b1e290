"""Patches moto's Elastic Container Registry, one module for each concept."""
