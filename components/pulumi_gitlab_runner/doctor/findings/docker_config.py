"""Findings in a Docker configuration itself: a `config.json`, or the value of DOCKER_AUTH_CONFIG."""

import base64
import json
from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.config_file import DockerConfig, read_docker_config
from pulumi_gitlab_runner.auth.resolution.config_keys import docker_cli_of
from pulumi_gitlab_runner.auth.resolution.docker import HUB_KEY
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.runner_version import PATH_SCOPES, RunnerVersion

_DROPPED = (
    "none of the credentials in it is used: the runner continues with its next source, without a message "
    "for a file, nor before 18.11 for the variable"
)
_FORM = '"auths": {"HOST": {"auth": "…"}}'
_ENCODE = "printf %s 'USER:PASSWORD' | base64 -w0"


def docker_config_findings(text: str, where: str, version: RunnerVersion) -> Iterator[Finding]:
    """Problems of a Docker configuration.

    Args:
        text: the configuration.
        where: its file or variable.
        version: the runner's.
    """
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
            f"put them under auths, {_FORM}; or take them out",
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
            "it is encoded once more than it should be",
            _DROPPED,
            'give it as plain JSON, {"auths": …}: only the `auth` in it is Base64, and only once',
        )
    fix = f"write {{{_FORM}}}, with auth made by: {_ENCODE}"
    if wrong := config.wrong_type:
        fix = f'write "{wrong.key}": {wrong.form} as Docker does, or take {wrong.key} out'
    return Finding(FindingName.DOCKER_CONFIG, where, config.broken or "", _DROPPED, fix)


def _credentials_store(config: DockerConfig, where: str) -> Finding:
    fix = "name a helper for each private registry under credHelpers instead, and take credsStore out"
    if empty := _empty_entries(config):
        fix += f"; take the empty entries of auths out as well: {', '.join(map(without_password, empty))}"
    return Finding(
        FindingName.CREDENTIALS_STORE,
        where,
        f"credsStore names {config.credentials_store!r}",
        "it is asked about every registry at every pull, public ones too, and when it fails nothing of "
        "this configuration is used",
        fix,
    )


def _empty(config: DockerConfig, where: str) -> Iterator[Finding]:
    """Entries without credentials, which `docker login` writes when a credsStore keeps the password."""
    for key in () if config.credentials_store else _empty_entries(config):
        yield Finding(
            FindingName.CREDENTIALS_EMPTY,
            f"{where}, {without_password(key)}",
            "its entry in auths is empty",
            "it counts all the same: its images are pulled without credentials, even where a later source "
            "has some. `docker login` leaves such an entry where a credsStore keeps the password",
            f"put the credentials into the entry, with auth made by: {_ENCODE}; or take the entry out",
        )


def _empty_entries(config: DockerConfig) -> list[str]:
    """The registries in auths without credentials and without a helper of their own."""
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
                "the registry takes it for a part of the password, and refuses it",
                f"encode it without a newline: {_ENCODE}",
            )


def _key_findings(key: str, where: str, version: RunnerVersion) -> Iterator[Finding]:
    scheme, separator, address = key.rpartition("://")
    host, _, path = address.strip("/").partition("/")
    place = f"{where}, {without_password(key)}"
    host = without_password(host)
    if key == HUB_KEY:
        return
    if separator:
        lost = f" and drops the path /{path}, so that it is for all of {host}" if path else ""
        yield Finding(
            FindingName.REGISTRY_KEY,
            place,
            f"the registry is written there with {scheme}://",
            f"the runner keeps only the host{lost}; Docker looks for the host without a scheme",
            f"write the registry as images name it: {host}",
        )
    elif path in ("v1", "v2"):
        yield Finding(
            FindingName.REGISTRY_KEY,
            place,
            f"the registry is written there with /{path}",
            f"the runner takes it for a folder, so it is for no image but those below {host}/{path}",
            f"write {host}",
        )
    elif path and version < PATH_SCOPES:
        yield Finding(
            FindingName.REGISTRY_KEY,
            place,
            f"the registry is written there with the path /{path}",
            f"before runner 17.5 only the host counts, so it is for all of {host}",
            f"write {host}, or use runner 17.5 or later",
        )
