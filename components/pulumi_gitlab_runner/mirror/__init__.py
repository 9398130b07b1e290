"""Images of other registries, copied into a declared registry by this package's plugin.

The Docker provider is not used: its resources need a Docker Engine, push a single platform under another
digest, and push a tag again that is immutable in ECR. A dynamic provider is not available in all languages.
"""
