"""The images of an engine: pull one as gitlab-runner does, and remove all."""

from docker.errors import APIError

from sandbox.docker.engine import DockerEngine, authorization
from sandbox.docker.registry import Credentials
from sandbox.errors import SandboxError


class PullError(SandboxError):
    """An image could not be pulled; the message is that of the engine."""


def pull(engine: DockerEngine, image: str, credentials: Credentials | None) -> None:
    """Pull an image as gitlab-runner does: through the API, with the credentials in `X-Registry-Auth`.

    Raises:
        PullError: the engine or the registry refused.
    """
    repository, _, tag = image.rpartition(":")
    try:
        progress = list(
            engine.api.pull(repository, tag, stream=True, decode=True, auth_config=authorization(credentials))
        )
    except APIError as error:
        raise PullError(str(error.explanation or error)) from None
    if "error" in progress[-1]:  # later errors follow the status
        raise PullError(progress[-1]["error"])


def identity(engine: DockerEngine, image: str) -> str | None:
    """Return the id of a local image, or None."""
    found = engine.api.images(image)
    return found[0]["Id"] if found else None


def forget_images(engine: DockerEngine) -> None:
    """Remove every image."""
    for image in engine.api.images():
        engine.api.remove_image(image["Id"], force=True)
