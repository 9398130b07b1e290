"""CI variables, with GitLab's rules for their values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired

from pulumi_gitlab_runner.auth.resolution import go_json
from pulumi_gitlab_runner.images.ecr import ECR_HOST
from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope, ScopeDeclaration, parse_scope, scope_problems
from pulumi_gitlab_runner.spec.inputs import (
    Deferred,
    Input,
    SecretInput,
    Value,
    check,
    check_key,
    is_empty,
    is_known,
    model_of,
    number,
    secret,
    strict,
)
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path, listed
from pulumi_gitlab_runner.spec.registries import Registry, undeclared_registry
from pulumi_gitlab_runner.spec.texts import control_character_problems

DOCKER_AUTH_CONFIG = "DOCKER_AUTH_CONFIG"


@strict
class VariableDeclaration(ScopeDeclaration):
    """A CI variable of a group, a project or the instance: `key` and `value`, or `docker_auth`."""

    key: NotRequired[str]
    """The key of the variable: letters, digits and `_`. Default with `docker_auth`: `DOCKER_AUTH_CONFIG`."""
    value: NotRequired[SecretInput[str]]
    """The value of the variable; treated as a secret."""
    docker_auth: NotRequired[list[str]]
    """The names of registries with a fixed user and password. The value is a Docker configuration with these
    credentials, which Docker and the runner read. Every job can read it: use it only for runners whose hosts
    you do not manage, such as hosted runners."""
    masked: NotRequired[bool]
    """Whether the value is masked in job logs. Default: true if GitLab can mask the value."""
    hidden: NotRequired[bool]
    """Whether the value is masked and hidden: GitLab, 17.4 or newer, never shows it. Not for the instance. A
    change of this key replaces the variable, and a manual change of the value is not detected. Default
    false."""
    protected: NotRequired[bool]
    """Whether only jobs of protected branches and tags get it. Default false."""
    raw: NotRequired[bool]
    """Whether `$` in the value is not expanded (raw). Default false, with `docker_auth` true."""
    file: NotRequired[bool]
    """Whether the variable is of type file: jobs get the path of a file with the value. Default false."""
    environment_scope: NotRequired[str]
    """The environments whose jobs get it, `*` as a wildcard. Not for the instance; for a group it needs
    GitLab Premium. Default `*`."""
    description: NotRequired[Input[str]]
    """The description in GitLab, 255 characters at most. Default: a text that names the stack."""
    adopt: NotRequired[bool]
    """Whether an existing variable is imported unchanged, with its value and settings. The ID of the group or
    project must be a plain value. Remove the key after the next update; the update after that applies the
    declaration. Default false."""


@dataclass(frozen=True)
class Variable:
    """A CI variable, with the defaults filled in.

    `masked` is None if it depends on a value that is not known yet. `value` is a handle; None if it follows
    from `docker_auth`.
    """

    shown = ("docker_auth", "protected", "hidden", "raw", "file", "environment_scope", "adopt")

    scope: GitLabScope
    key: str
    docker_auth: tuple[str, ...] = ()
    masked: bool | None = None
    hidden: bool = False
    protected: bool = False
    raw: bool = False
    file: bool = False
    environment_scope: str = "*"
    description: Value[str] | None = None
    adopt: bool = False
    value: Deferred[str] | None = field(default=None, compare=False)


_KEY = re.compile(r"[a-zA-Z0-9_]{1,255}")
_MASKABLE = re.compile(r"[a-zA-Z0-9_+=/@:.~-]{8,}")
_MASKABLE_RAW = re.compile(r"\S{8,}")
_ENVIRONMENT_SCOPE = re.compile(r"[a-zA-Z0-9_/\\${}. *-]+")
_LONGEST_SCOPE = 255
"""The limit of a group's variables, GitLab's db/structure.sql, and of the names of environments."""
_LONGEST_OF_INSTANCE = 10_000
_LONGEST_IN_ENVIRONMENT = 128 * 1024
"""The maximum length of `KEY=value` with its null byte, in bytes: Linux, execve(2), MAX_ARG_STRLEN."""


def can_be_masked(value: str, *, raw: bool) -> bool:
    """Whether GitLab can mask a value (its app/models/concerns/ci/maskable.rb)."""
    return bool((_MASKABLE_RAW if raw else _MASKABLE).fullmatch(value))


def variable_names(name: str, variables: Iterable[Variable]) -> list[str]:
    """The resource names of CI variables, from their scope, key and environment scope.

    A name that is not unique, because the ID of a group or project is not known yet, gets the position of the
    variable as a suffix.

    Args:
        name: the name of their component.
        variables: the CI variables.
    """
    names: list[str] = []
    for each in variables:
        base = f"{name}-{each.scope.label.replace(' ', '-')}-{each.key}"
        if each.environment_scope != "*":
            base += f"-{each.environment_scope}"
        names.append(base if base not in names else f"{base}-{len(names) + 1}")
    return names


def parse_variable(declaration: VariableDeclaration) -> Variable:
    """The variable that a valid declaration describes."""
    docker_auth = bool(declaration.get("docker_auth"))
    raw = declaration.get("raw", docker_auth)
    masked = declaration.get("masked", True if declaration.get("hidden") else None)
    if masked is None and docker_auth:
        masked = raw
    if masked is None and "value" in declaration:
        value = secret(declaration["value"])
        if value.available and not value.encrypted:
            masked = can_be_masked(str(value.source), raw=raw)
    defaults = {"key": DOCKER_AUTH_CONFIG, "raw": docker_auth}
    return model_of(Variable, defaults | declaration, scope=parse_scope(declaration), masked=masked)


def variable_problems(
    declaration: VariableDeclaration, path: str, registries: Mapping[str, Registry]
) -> Iterator[Problem]:
    """The problems of a CI variable, given the declared registries.

    The rules are GitLab's: lib/api/ci/variables.rb and app/models/concerns/ci.
    """
    yield from scope_problems(declaration, path)
    if ("value" in declaration) == ("docker_auth" in declaration):
        found = "both" if "value" in declaration else "neither"
        yield Problem(
            path, f"{found} of 'value' and 'docker_auth'", "exactly one of 'value' and 'docker_auth'"
        )
        return
    key = declaration.get("key", DOCKER_AUTH_CONFIG)
    if "value" in declaration and "key" not in declaration:
        yield Problem(path, "no 'key'", "'key' is required together with 'value'")
    yield from key_problems(key, path)
    if declaration.get("instance") and "environment_scope" in declaration:
        scope = declaration["environment_scope"]
        yield Problem(join_path(path, "environment_scope"), repr(scope), "none, for the instance")
    elif "environment_scope" in declaration:
        yield from environment_scope_problems(declaration["environment_scope"], path)
    yield from _hidden_problems(declaration, path)
    if declaration.get("adopt"):
        yield from _adopt_problems(declaration, path)
    yield from check_key(declaration, "description", path, _description_problems)
    if "docker_auth" in declaration:
        yield from _docker_auth_problems(declaration, path, registries)
    else:
        yield from check(declaration["value"], _value_problems, declaration, key, path)
        if key == DOCKER_AUTH_CONFIG and not is_empty(declaration["value"]):
            at = join_path(path, "value")
            yield from check(declaration["value"], _docker_configuration_problems, at)
            yield from _ecr_password_problems(declaration["value"], at)


def _adopt_problems(declaration: VariableDeclaration, path: str) -> Iterator[Problem]:
    for kind in ("group", "project"):
        if kind in declaration and not is_known(number(declaration[kind])):
            yield Problem(
                join_path(path, kind),
                "an Output, together with 'adopt'",
                "a plain value",
                "the variable to import must be known in a preview",
            )


def _description_problems(text: str, path: str) -> Iterator[Problem]:
    if len(text) > 255:
        yield Problem(path, "a longer text", "255 characters at most")
    yield from control_character_problems(text, path)


def key_problems(key: str, path: str) -> Iterator[Problem]:
    """The problems of the key of a CI variable."""
    return form_problems(key, join_path(path, "key"), _KEY, "1 to 255 letters, digits and '_'")


def environment_scope_problems(scope: str, path: str) -> Iterator[Problem]:
    """The problems of the environment scope of a CI variable."""
    if len(scope) > _LONGEST_SCOPE:
        found, allowed = f"{len(scope)} characters", f"{_LONGEST_SCOPE} characters at most"
        yield Problem(join_path(path, "environment_scope"), found, allowed)
    elif not _ENVIRONMENT_SCOPE.fullmatch(scope) or scope != scope.strip():
        yield Problem(
            join_path(path, "environment_scope"),
            repr(scope),
            "one environment, of letters, digits, inner spaces and - _ / \\ $ { } . and *",
        )


def _hidden_problems(declaration: VariableDeclaration, path: str) -> Iterator[Problem]:
    if not declaration.get("hidden"):
        return
    at = join_path(path, "hidden")
    if declaration.get("instance"):
        yield Problem(
            at, "true, for the instance", "false: GitLab hides only variables of groups and projects"
        )
    if declaration.get("masked") is False:
        yield Problem(at, "true, with masked: false", "a hidden variable is always masked", "remove 'masked'")


def _value_problems(value: str, declaration: VariableDeclaration, key: str, path: str) -> Iterator[Problem]:
    raw = declaration.get("raw", False)
    masking = "hidden" if declaration.get("hidden") else "masked"
    if declaration.get("masked", declaration.get("hidden")) and not can_be_masked(value, raw=raw):
        of = "any characters but white space" if raw else "letters, digits and _ + = / @ : . ~ -"
        yield Problem(
            join_path(path, masking),
            "true, for a value that GitLab cannot mask",
            f"a value of one line, 8 or more characters, {of}",
            ""
            if raw
            else f"with raw: true every character but white space may be masked; or {masking}: false",
        )
    if declaration.get("instance") and len(value) > _LONGEST_OF_INSTANCE:
        yield Problem(
            join_path(path, "value"),
            f"{len(value)} characters",
            f"{_LONGEST_OF_INSTANCE} characters at most, for the instance",
        )
    elif not declaration.get("file") and len(f"{key}={value}\0".encode()) > _LONGEST_IN_ENVIRONMENT:
        yield Problem(
            join_path(path, "value"),
            f"{len(value.encode())} bytes",
            "128 KiB at most, including the key: Linux starts no process with a longer variable",
            "file: true gives jobs the path of a file instead",
        )


def _docker_configuration_problems(value: str, path: str) -> Iterator[Problem]:
    """The problems of the value of `DOCKER_AUTH_CONFIG`; a text with `$` may contain another variable."""
    if "credsStore" in value:
        yield Problem(
            path,
            "credsStore",
            "docker_auth: [REGISTRY, …] with declared registries",
            "Docker uses credsStore for every registry, so it breaks public pulls",
        )
    elif value.strip() and "$" not in value and not isinstance(_from_json(value), dict):
        yield Problem(
            path,
            "text that is not a Docker configuration, which the runner ignores",
            'JSON: {"auths": {HOST: {"auth": …}}}',
            "docker_auth: [REGISTRY, …] writes it from declared registries",
        )


def _ecr_password_problems(value: Input[str], path: str) -> Iterator[Problem]:
    """The problems of ECR passwords in a declared Docker configuration; a program may renew an Output."""
    text = value.source if isinstance(value, Deferred) and value.available else value
    configuration = _from_json(text) if isinstance(text, str) else None
    auths = configuration.get("auths") if isinstance(configuration, dict) else None
    for key in auths if isinstance(auths, dict) else ():
        host = re.sub(r"^https?://", "", key).partition("/")[0].lower()
        if found := ECR_HOST.fullmatch(host):
            yield Problem(
                path,
                f"a fixed password for {host}",
                "registries with a user and password of their own",
                "an ECR password expires after 12 hours: declare "
                f'`ecr: {{account: "{found["account"]}", region: {found["region"]}}}` as a registry of a '
                "runner of this stack, or of hosted_auth",
            )


def _from_json(text: str) -> Any:
    """The first JSON value of a text, as Docker and the runner read it; None if there is none."""
    try:
        return go_json.decode(text)
    except ValueError:
        return None


def _docker_auth_problems(
    declaration: VariableDeclaration, path: str, registries: Mapping[str, Registry]
) -> Iterator[Problem]:
    masked = declaration.get("masked", declaration.get("hidden"))
    if masked and declaration.get("raw") is False:
        yield Problem(
            join_path(path, "raw"),
            "false, for a masked DOCKER_AUTH_CONFIG",
            "true",
            "GitLab masks JSON only when it is raw",
        )
    if not declaration["docker_auth"]:
        yield Problem(join_path(path, "docker_auth"), "no registry", listed(registries))
    for index, name in enumerate(declaration["docker_auth"]):
        at = join_path(path, "docker_auth", index)
        registry = registries.get(name)
        if registry is None:
            yield undeclared_registry(name, at, registries)
        elif registry.login is None and registry.no_login:
            found = f"{name!r}, {registry.description}"
            yield Problem(at, found, "a registry with 'username' and 'password'", registry.no_login)
