"""The normalized paths with which gitlab-runner compares an image with the registries of credentials.

Image and registry become a path: the host, and from runner 17.5 on the rest of the name. Credentials match an
image if the registry's path is the image's path or a parent of it. The Docker command line normalizes names
in another way: ``nginx`` becomes ``docker.io/nginx`` here, without ``library/``.

Source: gitlab-runner, helpers/docker/auth/auth.go, at the tags that the version checks below name.
"""

import re

from pulumi_gitlab_runner.images.reference import DOCKER_HUB
from pulumi_gitlab_runner.runner_version import PATH_SCOPES, RunnerVersion

_HTTP_IS_A_SCHEME = RunnerVersion(18, 1)
_HOST_CASE_IGNORED = RunnerVersion(18, 3)


def image_path(image: str, version: RunnerVersion) -> str:
    """The path with which the runner looks up an image's credentials.

    An image with a digest and no tag keeps the name of the digest's algorithm
    (``registry.example.com/app@sha256``), so credentials for exactly its repository do not match it.

    Args:
        image: the image as in the job or the configuration, with variables expanded.
        version: the runner's version. Before 17.5 the path is only the host.
    """
    folder, slash, last = image.rpartition("/")
    untagged = folder + slash + last.partition(":")[0]
    first, slash, rest = untagged.partition("/")
    host = first.lower() if version >= _HOST_CASE_IGNORED else first

    if not slash or not ("." in host or ":" in host or host == "localhost"):
        first, rest = DOCKER_HUB, untagged
    elif host == f"index.{DOCKER_HUB}":
        first = DOCKER_HUB
    if version < PATH_SCOPES:
        return first
    return f"{first.lower()}/{rest}"


def registry_path(key: str, version: RunnerVersion) -> str:
    """The path of a registry that the runner has credentials for.

    Args:
        key: the registry as in ``auths``, ``credHelpers``, a credential helper's list or the job's payload.
        version: the runner's version. Before 17.5 the path is only the host.
    """
    if version < PATH_SCOPES:
        host = key.lower().removeprefix("http://").removeprefix("https://").partition("/")[0]
        return DOCKER_HUB if host == f"index.{DOCKER_HUB}" else host

    scheme = r"https?://" if version >= _HTTP_IS_A_SCHEME else r"https://"
    address = re.sub(f"^{scheme}", "", key, flags=re.IGNORECASE)
    if address != key:
        host = address.partition("/")[0].lower()
        return DOCKER_HUB if host == f"index.{DOCKER_HUB}" else host

    path = key.removesuffix("/")
    folder, slash, last = path.rpartition("/")
    if slash and ":" in last:
        path = folder + slash + last.rpartition(":")[0]
    host, slash, rest = path.partition("/")
    return host.lower() + slash + rest


def with_parents(path: str) -> list[str]:
    """A path and its parents, longest first: ``a/b/c``, ``a/b``, ``a``."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]
