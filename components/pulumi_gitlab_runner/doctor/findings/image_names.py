"""Findings about invalid image names."""

from collections.abc import Iterator

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.images.reference import InvalidImageReference, parse, without_password


def image_name_findings(image: str) -> Iterator[Finding]:
    """An image name that is not a valid image reference."""
    try:
        parse(image)
    except InvalidImageReference as error:
        yield Finding(
            FindingName.IMAGE_NAME,
            without_password(image) or "image",
            error.found,
            "it cannot be pulled",
            f"write {error.allowed}",
        )
