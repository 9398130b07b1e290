"""Images of other registries, copied into one of ours, by this package's own plugin.

Not by the Docker provider, whose resources need a Docker Engine, bring one platform under another digest, and
push a tag again that ECR holds immutable. Nor by a dynamic provider, which other languages have not.
"""
