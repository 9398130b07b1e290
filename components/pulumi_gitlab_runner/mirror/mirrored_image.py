"""The resource of a mirrored image, whose provider is this package's plugin."""

from typing import Any

import pulumi

TOKEN = "gitlab-runner:index:MirroredImage"  # noqa: S105 - the resource's type


class MirroredImage(pulumi.CustomResource):
    """An image that is copied from one registry to another, with its digest and all its platforms.

    Args:
        name: the resource name.
        properties: `source`, the image to copy, with its tag; `digest`, the digest to copy, by default that
            of the tag at the first copy; `target`, the copy's repository and tag; `platforms`, the platforms
            that the image must have; `delete`, whether the copy is deleted with the resource;
            `sourceCredentials` and `targetCredentials`, each with `username` and `password`, for registries
            other than ECR.
    """

    reference: pulumi.Output[str]
    """The image with its digest, `HOST/REPOSITORY:TAG@sha256:…`."""
    digest: pulumi.Output[str]
    """The digest of the image."""

    def __init__(
        self, name: str, properties: dict[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, {"reference": None, "digest": None, **properties}, opts)
