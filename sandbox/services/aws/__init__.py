"""AWS on loopback: moto's server, patched where it differs from AWS."""

ACCOUNT = "123456789012"
"""The account id of the sandbox."""
