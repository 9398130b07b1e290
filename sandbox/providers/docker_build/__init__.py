"""The stand-in for the official docker-build provider: images, built by a real BuildKit and pushed.

Properties and rebuilds of an image are those of pulumi-docker-build 0.0.22, provider/internal/image.go. The
official provider includes buildx; here the Docker CLI builds, with the BuildKit of the Docker Engine, which
builds images for one platform at a time, and has no registry cache.
"""
