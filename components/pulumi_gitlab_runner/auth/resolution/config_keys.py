"""The other keys of a Docker configuration: a wrong type makes the whole file invalid.

Go decodes the file into a struct, so ``"proxies": {"httpProxy": "…"}`` loses all credentials in the file.
Source: docker/cli, cli/config/configfile/file.go and cli/config/types/authconfig.go of 23.0 to 29.7. The
runner's go.mod names the version with which it is built.
"""

import difflib
from collections.abc import Callable, Mapping

from pulumi_gitlab_runner.auth.resolution import go_json
from pulumi_gitlab_runner.runner_version import RunnerVersion

NEWEST_DOCKER_CLI = 29

_OF_RUNNERS: tuple[tuple[RunnerVersion, int], ...] = (
    (RunnerVersion(19, 2), 29),
    (RunnerVersion(18, 7), 28),
    (RunnerVersion(17, 11), 27),
    (RunnerVersion(17, 5), 25),
    (RunnerVersion(16, 3), 24),
)
"""The major version of docker/cli with which each version of the runner reads the file; 23 before these."""

CREDENTIALS = ("auths", "credHelpers", "credsStore")
OF_AN_ENTRY = ("auth", "username", "password", "identitytoken", "registrytoken", "serveraddress", "email")

_TEXTS = (
    "psFormat",
    "imagesFormat",
    "networksFormat",
    "pluginsFormat",
    "volumesFormat",
    "statsFormat",
    "detachKeys",
    "serviceInspectFormat",
    "servicesFormat",
    "tasksFormat",
    "secretFormat",
    "configFormat",
    "nodesFormat",
    "currentContext",
)
_TEXT_LISTS = ("pruneFilters", "cliPluginsExtraDirs")
_TEXT_MAPS = ("HttpHeaders", "aliases")
_PROXY = ("httpProxy", "httpsProxy", "noProxy", "ftpProxy", "allProxy")

_Check = Callable[[object, str], object]
"""Raises ValueError for a value of a wrong type; with a description of the value."""


class WrongTypeError(ValueError):
    """A key has a value of another type than Docker decodes.

    Attributes:
        key: the key, spelled as in Docker's documentation.
        form: an example of a valid value.
    """

    def __init__(self, key: str, form: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.form = form


def docker_cli_of(version: RunnerVersion) -> int:
    """The major version of the docker/cli with which a runner reads Docker configurations."""
    return next((cli for runner, cli in _OF_RUNNERS if version >= runner), 23)


def check_other_keys(found: Mapping[str, object], docker_cli: int) -> None:
    """Check the types of the keys that are not about credentials.

    Args:
        found: the fields of the configuration, with names in lower case.
        docker_cli: the major version of docker/cli.

    Raises:
        WrongTypeError: the value of a key has a wrong type.
    """
    for key, (check, form) in _checks(docker_cli).items():
        value = found.get(key.lower())
        try:
            check(value, key)
        except ValueError as error:
            raise WrongTypeError(key, form, str(error)) from None


def reads_email(docker_cli: int) -> bool:
    """Whether Docker decodes ``email`` in ``auths``, so that it must be a string."""
    return docker_cli < 29


def unknown_keys(found: Mapping[str, object], docker_cli: int) -> dict[str, str]:
    """The keys that Docker does not know, in lower case, each with the key that is likely intended."""
    known = {key.lower(): key for key in (*CREDENTIALS, *_checks(docker_cli))}
    return {
        key: next((known[near] for near in difflib.get_close_matches(key, known, cutoff=0.75)), "")
        for key in found
        if key not in known
    }


def _checks(docker_cli: int) -> dict[str, tuple[_Check, str]]:
    text_map = _map_of(go_json.text)
    checks: dict[str, tuple[_Check, str]] = {
        **dict.fromkeys(_TEXTS, (go_json.text, '"…"')),
        **dict.fromkeys(_TEXT_LISTS, (_texts, '["…"]')),
        **dict.fromkeys(_TEXT_MAPS, (text_map, '{"NAME": "…"}')),
        "plugins": (_map_of(text_map), '{"PLUGIN": {"NAME": "…"}}'),
        "proxies": (_map_of(_proxy), '{"default": {"httpProxy": "http://…", "noProxy": "…"}}'),
    }
    if docker_cli >= 26:
        checks["features"] = text_map, '{"NAME": "true"}'
    if docker_cli < 29:
        checks["experimental"] = go_json.text, '"enabled"'
    if docker_cli < 24:
        checks["stackOrchestrator"] = go_json.text, '"swarm"'
    return checks


def _texts(value: object, what: str) -> None:
    for item in go_json.items(value, what):
        go_json.text(item, f"an item of {what}")


def _proxy(value: object, what: str) -> None:
    fields = go_json.fields(value, what)
    for key in _PROXY:
        go_json.text(fields.get(key.lower()), f"{key} of {what}")


def _map_of(check: _Check) -> _Check:
    def checked(value: object, what: str) -> None:
        for key, field in go_json.mapping(value, what).items():
            check(field, f"{key!r} of {what}")

    return checked
