"""The Docker configurations that this library writes: a runner host's, and the value of a CI variable."""

import base64
import json
from collections.abc import Iterable

CREDENTIAL_HELPER = "runner"
"""Names `docker-credential-runner`, the one helper of a runner host."""


def host_docker_config(hosts: Iterable[str]) -> str:
    """The `config.json` of a runner host: each private registry by the host's own credential helper.

    There is no `credsStore`, which would be asked about public registries too, and no `auths`: no password
    lies in the file.

    Args:
        hosts: the registries' hosts, each with its port where it has one.
    """
    helpers = dict.fromkeys(sorted(hosts), CREDENTIAL_HELPER)
    return json.dumps({"credHelpers": helpers}, indent=2) + "\n"


def docker_auth_config(credentials: Iterable[tuple[str, str, str]]) -> str:
    """The value of `DOCKER_AUTH_CONFIG`: compact, so that GitLab can mask it.

    Args:
        credentials: host, user and password of each registry.
    """
    auths = {
        host: {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}
        for host, username, password in sorted(credentials)
    }
    return json.dumps({"auths": auths}, separators=(",", ":"))


def credentials_as_json(credentials: tuple[str, str]) -> str:
    """A user and password as they lie in a secret store, for `docker-credential-runner` to read."""
    username, password = credentials
    return json.dumps({"username": username, "password": password})


def credentials_as_answer(host: str, credentials: tuple[str, str]) -> str:
    """A user and password as a credential helper answers with them.

    Source: github.com/docker/docker-credential-helpers, the command `get`.

    Args:
        host: what they are for.
        credentials: both.
    """
    username, password = credentials
    return json.dumps({"ServerURL": host, "Username": username, "Secret": password}) + "\n"
