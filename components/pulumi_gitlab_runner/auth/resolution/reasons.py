"""Reasons why credentials do not apply to an image, and likely mistakes in entries."""

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.images.reference import DOCKER_HUB, OTHER_HUB_HOSTS
from pulumi_gitlab_runner.runner_version import PATH_SCOPES, RunnerVersion


def no_match(entry_path: str, image_path: str) -> str:
    """The reason why the credentials for one path do not apply to an image with another."""
    entry_host, _, entry_rest = entry_path.partition("/")
    image_host, _, image_rest = image_path.partition("/")
    if image_host == DOCKER_HUB and entry_host in OTHER_HUB_HOSTS:
        return f"Docker Hub's key is {DOCKER_HUB} or https://index.{DOCKER_HUB}/v1/, not {entry_host}"
    if entry_host != image_host:
        if entry_host.partition(":")[0] == image_host.partition(":")[0]:
            return f"the ports differ: the key says {entry_host}, the image {image_host}"
        return f"the image is on {image_host}"
    if image_path.startswith(f"{entry_path}@"):
        return (
            f"an image with a digest and no tag is looked for as {image_path}: "
            "write name:tag@digest, or a key for the host or a folder above"
        )
    if image_host == DOCKER_HUB and f"{entry_rest}/".startswith("library/") and "/" not in image_rest:
        return f"the runner looks for {image_path}, without library/"
    return f"{entry_path} is neither {image_path} nor above it"


def key_traps(key: str, version: RunnerVersion) -> tuple[str, ...]:
    """Likely mistakes in an entry's key."""
    scheme, separator, address = key.rpartition("://")
    host, _, path = address.partition("/")
    if separator and path.strip("/") not in ("", "v1", "v2"):
        return (f"after {scheme}:// only the host counts, so it is for all of {host}",)
    if path and not separator and version < PATH_SCOPES:
        return (f"before runner 17.5 only the host counts, so it is for all of {host}",)
    return ()


def credential_traps(credentials: Credentials | None) -> tuple[str, ...]:
    """Likely mistakes in an entry's credentials."""
    if credentials is None:
        return ()
    for value in (credentials.username, credentials.password.get_secret_value()):
        if value != value.strip():
            return (
                "its user or password begins or ends with white space, such as a newline encoded with it",
            )
    return ()
