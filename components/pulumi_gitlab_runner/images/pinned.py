"""Images by digest: they stay the same when the tag moves."""

from dataclasses import replace

from pulumi_gitlab_runner.images.reference import parse

OFFLINE = "PULUMI_GITLAB_RUNNER_OFFLINE"
"""The environment variable by which registries other than ECR are not asked: their images keep their tags."""


def pinned(image: str, digest: str) -> str:
    """An image with its digest beside its tag: `name:tag@sha256:…`.

    The tag is kept, or becomes `latest`: before runner 17.1 a service with only a digest runs as `latest`.

    Args:
        image: without a digest.
        digest: of its manifest, or of its index if it has several platforms. With a tag before it,
            `tag@sha256:…`, that is the image's where it has none.
    """
    reference = parse(image)
    tag, _, digest = digest.rpartition("@")
    return str(replace(reference, tag=reference.tag or tag or "latest", digest=digest))
