"""AWS on loopback: moto's server, patched where it answers otherwise than AWS does."""
