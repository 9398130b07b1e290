"""Findings about invalid image names."""

from collections.abc import Iterator

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.images.reference import InvalidImageReference, parse, without_password


def image_name_findings(image: str) -> Iterator[Finding]:
    """A name that is not an image reference."""
    try:
        parse(image)
    except InvalidImageReference as error:
        yield Finding(
            FindingName.IMAGE_NAME,
            without_password(image) or "image",
            error.found,
            "nothing can be pulled by it",
            f"write {error.allowed}",
        )
