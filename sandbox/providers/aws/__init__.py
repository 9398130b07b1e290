"""The stand-in for the official AWS provider: its types and functions, over moto's server."""
