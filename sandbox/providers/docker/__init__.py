"""The stand-in for the official Docker provider: containers, networks, volumes and images of a Docker Engine.

The engine is a real one. Requests, stored properties and replacements are those of
terraform-provider-docker 4.5, on which pulumi-docker 5.2 is based.
"""
