"""Reads a Docker configuration: its registries and credential helpers.

Source: docker/cli, cli/config/configfile/file.go, which the runner uses as well.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.auth.resolution import go_json
from pulumi_gitlab_runner.auth.resolution.config_keys import (
    CREDENTIALS,
    NEWEST_DOCKER_CLI,
    OF_AN_ENTRY,
    WrongTypeError,
    check_other_keys,
    reads_email,
    unknown_keys,
)
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.images.reference import without_password


@dataclass(frozen=True)
class ConfigFile:
    """A Docker configuration file, as far as the caller could read it.

    Attributes:
        path: the path, such as ``/root/.docker/config.json``.
        text: the content; None if the file does not exist or cannot be opened.
        problem: why the file cannot be opened, such as ``permission denied``; empty if it does not exist.
    """

    path: str
    text: str | None = field(default=None, repr=False)
    problem: str = ""


@dataclass(frozen=True)
class DockerConfig:
    """The credentials of a Docker configuration.

    Attributes:
        auths: the credentials in ``auths``, by registry; empty if any part of the configuration is invalid.
        credentials_store: ``credsStore``, the helper for all registries; empty for none.
        credential_helpers: ``credHelpers``, the name of the helper for each registry.
        broken: why the whole configuration is refused; None if it is valid.
        wrong_type: the error of the key, other than those of credentials, that makes it invalid.
        unread_credentials: descriptions of likely credentials that are not read.
        notes: descriptions of everything that is not read.
    """

    auths: Mapping[str, Credentials]
    credentials_store: str
    credential_helpers: Mapping[str, str]
    broken: str | None = None
    wrong_type: WrongTypeError | None = None
    unread_credentials: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names_registries(self) -> bool:
        """Whether the configuration has any credentials or helpers."""
        return bool(self.auths or self.credentials_store or self.credential_helpers)


def read_docker_config(content: str, docker_cli: int = NEWEST_DOCKER_CLI) -> DockerConfig:
    """Read a Docker configuration: the text of ``config.json`` or the value of ``DOCKER_AUTH_CONFIG``.

    Empty text is a configuration without credentials. One invalid part makes the whole invalid, as in Docker.

    Args:
        content: the text.
        docker_cli: the major version of docker/cli, on which the types of some keys depend.
    """
    try:
        value = go_json.decode(content)
        found = go_json.fields(value, "the configuration")
    except ValueError as error:
        return DockerConfig({}, "", {}, broken=str(error))

    broken: list[str] = []
    store = ""
    helpers: dict[str, str] = {}
    auths: dict[str, Credentials] = {}
    try:
        store = go_json.text(found.get("credsstore"), "credsStore")
    except ValueError as error:
        broken.append(str(error))
    try:
        for registry, name in go_json.mapping(found.get("credhelpers"), "credHelpers").items():
            helpers[registry] = go_json.text(name, f"credHelpers of {without_password(registry)!r}")
    except ValueError as error:
        broken.append(str(error))
    try:
        for registry, entry in go_json.mapping(found.get("auths"), "auths").items():
            auths[registry] = _credentials(entry, without_password(registry), docker_cli)
    except ValueError as error:
        broken.append(str(error))
    wrong_type = None
    try:
        check_other_keys(found, docker_cli)
    except WrongTypeError as error:
        wrong_type = error
    if broken:
        return DockerConfig({}, store, helpers, broken=broken[0])
    if wrong_type:
        return DockerConfig({}, store, helpers, broken=str(wrong_type), wrong_type=wrong_type)
    unread = tuple(_unread_credentials(found, docker_cli))
    notes = (*unread, *_other_unread(found, docker_cli))
    return DockerConfig(auths, store, helpers, unread_credentials=unread, notes=notes)


def read_environment_config(content: str) -> DockerConfig:
    """Read ``DOCKER_AUTH_CONFIG`` as Docker's command line does: only ``auths`` with only ``auth``.

    The runner reads the variable with `read_docker_config`, which accepts more.
    """
    auths: dict[str, Credentials] = {}
    try:
        found = go_json.fields(go_json.decode(content, alone=True), "the variable")
        _refuse_unknown(found, {"auths"}, "the variable")
        for registry, entry in go_json.mapping(found.get("auths"), "auths").items():
            what = f"auths of {without_password(registry)!r}"
            held = go_json.fields(entry, what)
            _refuse_unknown(held, {"auth"}, what)
            if not held.get("auth"):
                raise ValueError(f"{what} has no auth")
            auths[registry] = _credentials(entry, without_password(registry))
    except ValueError as error:
        return DockerConfig({}, "", {}, broken=str(error))
    return DockerConfig(auths, "", {})


def _refuse_unknown(found: Mapping[str, object], known: set[str], what: str) -> None:
    unknown = sorted(found.keys() - known)
    if unknown:
        raise ValueError(f"{what} has the unknown field {unknown[0]!r}; allowed is {', '.join(known)}")


def _credentials(value: object, registry: str, docker_cli: int = NEWEST_DOCKER_CLI) -> Credentials:
    """One entry of ``auths``; ``auth`` takes precedence over ``username`` and ``password``."""
    what = f"auths of {registry!r}"
    entry = go_json.fields(value, what)

    def secret(name: str) -> str:
        return go_json.text(entry.get(name), f"{name} in {what}")

    secret("serveraddress")
    if reads_email(docker_cli):
        secret("email")
    username, password = secret("username"), secret("password")
    if secret("auth"):
        username, password = _decoded(secret("auth"), what)
    return Credentials(
        username, Secret(password), Secret(secret("identitytoken")), Secret(secret("registrytoken"))
    )


def _decoded(auth: str, what: str) -> tuple[str, str]:
    """User and password from the Base64 text of ``user:password``.

    Standard Base64 with padding; line breaks in it are skipped.
    """
    packed = auth.replace("\r", "").replace("\n", "")
    if not re.fullmatch(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", packed):
        raise ValueError(f"auth in {what} is not Base64 (standard alphabet, padded with =)")
    username, colon, password = base64.b64decode(packed).decode(errors="replace").partition(":")
    if not colon or not username:
        raise ValueError(f"auth in {what} is not the Base64 text of user:password")
    return username, password.strip("\0")


def _unread_credentials(found: Mapping[str, object], docker_cli: int) -> Iterator[str]:
    """Descriptions of likely credentials in places that Docker does not read."""
    for key, meant in unknown_keys(found, docker_cli).items():
        if _is_old_entry(found[key]):
            yield (
                f"{without_password(key)!r} is outside of auths, so it is not read "
                "(the old form of .dockercfg)"
            )
        elif meant in CREDENTIALS:
            yield f"{without_password(key)!r} is not read: the key is {meant}"
    for registry, entry in go_json.mapping(found.get("auths"), "auths").items():
        unknown = sorted(go_json.fields(entry, "it").keys() - set(OF_AN_ENTRY))
        if unknown:
            yield (
                f"{', '.join(map(repr, unknown))} in auths of {without_password(registry)!r} is not read: "
                "an entry has auth, or username and password, or identitytoken"
            )


def _other_unread(found: Mapping[str, object], docker_cli: int) -> Iterator[str]:
    """Descriptions of other keys that Docker does not read; another program may read them."""
    for key, meant in unknown_keys(found, docker_cli).items():
        if meant not in CREDENTIALS and not _is_old_entry(found[key]):
            yield f"{without_password(key)!r} is not a key of Docker's, so it is not read"


def _is_old_entry(value: object) -> bool:
    return isinstance(value, dict) and bool({"auth", "email", "username", "password"} & value.keys())
