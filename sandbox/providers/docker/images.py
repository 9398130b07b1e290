"""Local images of the engine, pulled if missing."""

from typing import Any

import docker
from docker.errors import APIError, ImageNotFound
from docker.utils import parse_repository_tag

from sandbox.standin.provider import Refused


def find_or_pull(api: docker.APIClient, name: str) -> dict[str, Any]:
    """The image with this name, pulled if it is not local; `Refused` if that fails."""
    image = _find(api, name)
    if image is None:
        # The engine accepts a tag or a digest, not both.
        repository, tag = parse_repository_tag(_without_tag(name))
        try:
            progress = api.pull(repository, tag or "latest", stream=True, decode=True)
            error = next((line["error"] for line in progress if "error" in line), None)
        except APIError as refused:
            error = refused.explanation
        if error:
            raise Refused(f"unable to pull image {name}: {error}")
        image = _find(api, name)
    if image is None:
        raise Refused(f"unable to find or pull image {name}")
    return image


def _find(api: docker.APIClient, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = api.inspect_image(_without_tag(name))  # type: ignore[no-untyped-call]
    except ImageNotFound:
        return None
    return found


def _without_tag(name: str) -> str:
    """`REPOSITORY@DIGEST` of `REPOSITORY:TAG@DIGEST`: with a digest, the engine does not accept a tag."""
    named, at, digest = name.partition("@")
    return f"{parse_repository_tag(named)[0]}@{digest}" if at else name
