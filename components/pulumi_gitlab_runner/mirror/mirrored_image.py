"""A mirrored image as a resource, whose provider is this package's own plugin."""

from typing import Any

import pulumi

TOKEN = "gitlab-runner:index:MirroredImage"  # noqa: S105 - the resource's type


class MirroredImage(pulumi.CustomResource):
    """An image that is copied from a registry to another, with its digest, for all platforms.

    Args:
        name: the resource's name.
        properties: `source`, an image with its tag; `digest`, the one to copy, where it is not the one that
            the tag has when the image is first copied; `target`, where to, with a tag; `platforms`, those
            that it must have; `delete`, whether it goes with the resource; `sourceCredentials` and
            `targetCredentials`, each with `username` and `password`, where they are not ECR's.
    """

    reference: pulumi.Output[str]
    """The image with its digest, `HOST/REPOSITORY:TAG@sha256:…`."""
    digest: pulumi.Output[str]
    """The digest of the image."""

    def __init__(
        self, name: str, properties: dict[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(TOKEN, name, {"reference": None, "digest": None, **properties}, opts)
