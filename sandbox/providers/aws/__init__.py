"""The stand-in for the official AWS provider: its resource types and functions over any AWS API, here moto's server."""
