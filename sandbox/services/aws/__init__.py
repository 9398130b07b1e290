"""AWS on loopback: moto's server, patched where it differs from AWS."""
