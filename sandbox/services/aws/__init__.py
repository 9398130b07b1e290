"""AWS on loopback: moto's server, patched where it differs from AWS."""

ACCOUNT = "123456789012"
"""The number of the sandbox's account, which owns every resource."""
