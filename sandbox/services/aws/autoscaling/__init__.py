"""Patches moto's Auto Scaling, one module for each concept."""
