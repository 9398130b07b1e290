"""Images by digest: what runs is what was looked at, whatever becomes of the tag."""

from dataclasses import replace

from pulumi_gitlab_runner.images.reference import parse

OFFLINE = "PULUMI_GITLAB_RUNNER_OFFLINE"
"""The environment variable by which registries other than ECR are not asked: their images keep their tags."""


def pinned(image: str, digest: str) -> str:
    """An image with its digest beside its tag: `name:tag@sha256:…`.

    The tag stays, or becomes `latest`: before runner 17.1 a service that has a digest alone runs as `latest`.

    Args:
        image: without a digest.
        digest: of its manifest, or of its index where it has several platforms. With a tag before it,
            `tag@sha256:…`, that is the image's where it has none.
    """
    reference = parse(image)
    tag, _, digest = digest.rpartition("@")
    return str(replace(reference, tag=reference.tag or tag or "latest", digest=digest))
