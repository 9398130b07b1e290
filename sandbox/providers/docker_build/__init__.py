"""The stand-in for the official docker-build provider: images, built by a real BuildKit and pushed for real.

What an image sends, keeps and when it is built anew is that of pulumi-docker-build 0.0.22,
provider/internal/image.go. The official one brings a buildx of its own; here the Docker command line builds,
with the BuildKit of the Docker Engine, which makes images for one platform at a time, and keeps no cache in a
registry.
"""
