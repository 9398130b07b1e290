"""The stand-in for the official AWS provider: its resource types and functions, backed by moto's server."""
