"""Images that are pinned to a digest, so that they stay the same when the tag moves."""

from dataclasses import replace

from pulumi_gitlab_runner.images.reference import parse

OFFLINE = "PULUMI_GITLAB_RUNNER_OFFLINE"
"""The environment variable that disables requests to registries other than ECR; images keep their tags."""


def pinned(image: str, digest: str) -> str:
    """The image with its tag and digest: `name:tag@sha256:…`.

    Without a tag it gets `latest`: before runner 17.1 a service with only a digest runs as `latest`.

    Args:
        image: the image, without a digest.
        digest: the digest of its manifest, or of its index if it has several platforms. In `tag@sha256:…`,
            the tag is that of an image without one.
    """
    reference = parse(image)
    tag, _, digest = digest.rpartition("@")
    return str(replace(reference, tag=reference.tag or tag or "latest", digest=digest))
