"""Credentials in Docker's formats: the `auths` of a configuration, and the output of a credential helper."""

import base64
import json
from collections.abc import Iterable


def docker_auth_config(credentials: Iterable[tuple[str, str, str]]) -> str:
    """A Docker configuration with `auths`, as for `DOCKER_AUTH_CONFIG`: compact, so that GitLab can mask it.

    Args:
        credentials: the host, user and password of each registry.
    """
    auths = {
        host: {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}
        for host, username, password in sorted(credentials)
    }
    return json.dumps({"auths": auths}, separators=(",", ":"))


def credentials_as_json(credentials: tuple[str, str]) -> str:
    """A user and password in the format of stored secrets, which `gitlab-runner-credentials` reads."""
    username, password = credentials
    return json.dumps({"username": username, "password": password})


def credentials_as_answer(host: str, credentials: tuple[str, str]) -> str:
    """A user and password in the format of a credential helper's output.

    Source: github.com/docker/docker-credential-helpers, the command `get`.

    Args:
        host: the host of the registry.
        credentials: the user and the password.
    """
    username, password = credentials
    return json.dumps({"ServerURL": host, "Username": username, "Secret": password}) + "\n"
