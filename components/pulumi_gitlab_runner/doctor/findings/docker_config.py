"""Findings in a Docker configuration: a `config.json`, or the value of DOCKER_AUTH_CONFIG."""

import base64
import json
from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.config_file import DockerConfig, read_docker_config
from pulumi_gitlab_runner.auth.resolution.config_keys import docker_cli_of
from pulumi_gitlab_runner.auth.resolution.docker import HUB_KEY
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.images.reference import DOCKER_HUB, OTHER_HUB_HOSTS, without_password
from pulumi_gitlab_runner.runner_version import PATH_SCOPES, RunnerVersion

_DROPPED = (
    "none of its credentials are used: the runner continues with its next source, without a message for a "
    "file, and before 18.11 also for the variable"
)
_FORM = '"auths": {"HOST": {"auth": "…"}}'
_ENCODE = "printf %s 'USER:PASSWORD' | base64 -w0"


def docker_config_findings(text: str, where: str, version: RunnerVersion) -> Iterator[Finding]:
    """Problems of a Docker configuration, which is the text of a file or the value of a variable."""
    config = read_docker_config(text, docker_cli_of(version))
    if config.broken:
        yield _broken(text, config, where)
    if config.credentials_store:
        yield _credentials_store(config, where)
    for unread in config.unread_credentials:
        yield Finding(
            FindingName.DOCKER_CONFIG_UNREAD,
            where,
            unread,
            "Docker and the runner ignore it without a message: these credentials are not used",
            f"write them under auths, {_FORM}; or remove them",
        )
    yield from _empty(config, where)
    yield from _white_space(config, where)
    for key in (*config.auths, *config.credential_helpers):
        yield from _key_findings(key, where, version)


def _broken(text: str, config: DockerConfig, where: str) -> Finding:
    if _encoded_twice(text):
        return Finding(
            FindingName.ENCODED_TWICE,
            where,
            "it is encoded twice",
            _DROPPED,
            'write it as plain JSON, {"auths": …}: only the `auth` in it is Base64, encoded once',
        )
    fix = f"write {{{_FORM}}}, with the output of this command as auth: {_ENCODE}"
    if wrong := config.wrong_type:
        fix = f'write "{wrong.key}": {wrong.form} as Docker does, or remove {wrong.key}'
    return Finding(FindingName.DOCKER_CONFIG, where, config.broken or "", _DROPPED, fix)


def _credentials_store(config: DockerConfig, where: str) -> Finding:
    fix = "name a helper for each private registry under credHelpers instead, and remove credsStore"
    if empty := _empty_entries(config):
        fix += f"; also remove the empty entries of auths: {', '.join(map(without_password, empty))}"
    return Finding(
        FindingName.CREDENTIALS_STORE,
        where,
        f"credsStore names {config.credentials_store!r}",
        "it is called for every registry at every pull, also for public ones; if it fails, the whole "
        "configuration is ignored",
        fix,
    )


def _empty(config: DockerConfig, where: str) -> Iterator[Finding]:
    """Entries without credentials, which `docker login` writes if a credsStore stores the password."""
    for key in () if config.credentials_store else _empty_entries(config):
        yield Finding(
            FindingName.CREDENTIALS_EMPTY,
            f"{where}, {without_password(key)}",
            "its entry in auths is empty",
            "the runner uses it: its images are pulled without credentials, even if a later source has "
            "some. `docker login` writes such an entry if a credsStore stores the password",
            f"add the credentials to the entry, with the output of this command as auth: {_ENCODE}; or "
            "remove the entry",
        )


def _empty_entries(config: DockerConfig) -> list[str]:
    """The registries in auths without credentials, and without a helper in credHelpers."""
    return [key for key, held in config.auths.items() if not held and key not in config.credential_helpers]


def _encoded_twice(text: str) -> bool:
    """Whether the configuration is JSON within JSON or Base64, or an `auth` is encoded twice."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return (_decoded(text.strip()) or "").lstrip().startswith("{")
    if isinstance(value, str):
        return value.lstrip().startswith("{")
    auths = value.get("auths") if isinstance(value, dict) else None
    for entry in auths.values() if isinstance(auths, dict) else ():
        auth = entry.get("auth") if isinstance(entry, dict) else None
        inner = _decoded(auth) if isinstance(auth, str) else None
        if inner and ":" not in inner and ":" in (_decoded(inner.strip()) or ""):
            return True
    return False


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except ValueError:
        return None


def _white_space(config: DockerConfig, where: str) -> Iterator[Finding]:
    for key, held in config.auths.items():
        values = (held.username, held.password.get_secret_value())
        if any(value != value.strip() for value in values):
            yield Finding(
                FindingName.WHITE_SPACE,
                f"{where}, {without_password(key)}",
                "its user or password begins or ends with white space, such as a newline encoded with it",
                "it is a part of the user or password that the registry receives and refuses",
                f"encode it without a newline: {_ENCODE}",
            )


def _key_findings(key: str, where: str, version: RunnerVersion) -> Iterator[Finding]:
    scheme, separator, address = key.rpartition("://")
    host, _, path = address.strip("/").partition("/")
    place = f"{where}, {without_password(key)}"
    host = without_password(host)
    if key == HUB_KEY:
        return
    # index.docker.io is docker.io to the runner with a scheme, and before 17.5.
    is_hub = host == f"index.{DOCKER_HUB}" and (separator or version < PATH_SCOPES)
    if host in OTHER_HUB_HOSTS and not is_hub:
        yield Finding(
            FindingName.REGISTRY_KEY,
            place,
            f"the registry is {host}, which is not in the names of Docker Hub's images",
            "images of Docker Hub are pulled without its credentials",
            f"write {HUB_KEY}, as `docker login` does",
        )
    elif separator:
        lost = f" and ignores the path /{path}, so that it is for all of {host}" if path else ""
        yield Finding(
            FindingName.REGISTRY_KEY,
            place,
            f"the registry has the scheme {scheme}://",
            f"the runner uses only the host{lost}; Docker looks up the host without a scheme",
            f"write the registry as in image references: {host}",
        )
    elif path in ("v1", "v2"):
        yield Finding(
            FindingName.REGISTRY_KEY,
            place,
            f"the registry has the path /{path}",
            f"it is a part of the repository's name, so the entry is only for images below {host}/{path}",
            f"write {host}",
        )
    elif path and version < PATH_SCOPES:
        yield Finding(
            FindingName.REGISTRY_KEY,
            place,
            f"the registry has the path /{path}",
            f"before version 17.5, the runner uses only the host, so it is for all of {host}",
            f"write {host}, or use runner 17.5 or later",
        )
