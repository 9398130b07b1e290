"""AWS on loopback: moto's server, mended where it answers otherwise than AWS does."""
