"""The kinds of registries: their keys, parsers and problems."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.images.ecr import ecr_declaration
from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.spec.inputs import check_key, is_known, known, value
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed
from pulumi_gitlab_runner.spec.regions import host_region_problems
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration, declared_repositories
from pulumi_gitlab_runner.spec.registries.ecr import ecr_problems, parse_ecr
from pulumi_gitlab_runner.spec.registries.ecr_public import parse_ecr_public
from pulumi_gitlab_runner.spec.registries.gitlab import gitlab_problems, parse_gitlab
from pulumi_gitlab_runner.spec.registries.helper import helper_problems, parse_helper
from pulumi_gitlab_runner.spec.registries.pull_through import parse_pull_through, pull_through_problems
from pulumi_gitlab_runner.spec.registries.registry import Registry
from pulumi_gitlab_runner.spec.registries.repositories import repositories_problems
from pulumi_gitlab_runner.spec.registries.static import parse_static, static_problems


@dataclass(frozen=True)
class _Kind:
    build: Callable[[str, RegistryDeclaration], Registry]
    problems: Callable[[RegistryDeclaration, str], Iterable[Problem]]
    keys: tuple[str, ...] = ()
    """The keys of this kind, in addition to `repositories`, which all kinds have."""


KINDS = {
    "ecr": _Kind(parse_ecr, ecr_problems, ("allow_pull",)),
    "ecr_public": _Kind(parse_ecr_public, lambda *_: ()),
    "pull_through": _Kind(
        parse_pull_through, pull_through_problems, ("upstream_secret", "upstream_credentials")
    ),
    "static": _Kind(parse_static, static_problems, ("host",)),
    "gitlab": _Kind(parse_gitlab, gitlab_problems, ("host",)),
    "helper": _Kind(parse_helper, helper_problems, ("host",)),
}
"""The kinds of registries, by the key that declares them."""
_OWN_KEYS = {
    "allow_pull": "only ECR grants access to AWS accounts",
    "host": "the host follows from the kind of the registry",
    "upstream_credentials": "only a pull-through cache has an upstream",
    "upstream_secret": "only a pull-through cache has an upstream",
}
"""The keys that not every kind has, with the reason."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_PART = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_HOST = re.compile(rf"(?=localhost(?:$|[/:])|[^/]*[.:]){_LABEL}(\.{_LABEL})*(:[0-9]{{1,5}})?(/{_PART})*")
"""A host contains a dot or a port; otherwise an image reference names a namespace of Docker Hub."""


def parse_registry(name: str, declaration: RegistryDeclaration) -> Registry:
    """The registry that a valid declaration describes.

    A declaration with problems is parsed too, so that the rest of the declaration can be checked against it.
    """
    kind = next(iter(_kinds(declaration)), "static")
    return KINDS[kind].build(name, declaration)


def registry_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of one registry, without regard to other registries."""
    kinds = _kinds(declaration)
    if len(kinds) != 1:
        fix = "" if kinds else _missing_kind(declaration)
        yield Problem(path, listed(kinds, "no kind of registry"), f"exactly one of {listed(KINDS)}", fix)
        return
    [name] = kinds
    kind = KINDS[name]
    yield from repositories_problems(declaration, path)
    for key, why in _OWN_KEYS.items():
        if key in declaration and key not in kind.keys:
            belongs = [other for other, each in KINDS.items() if key in each.keys]
            yield Problem(
                join_path(path, key),
                f"{key!r}, together with {name!r}",
                f"{key!r} only together with {listed(belongs)}",
                why,
            )
    if "host" in kind.keys:
        yield from _host_problems(declaration, path)
    yield from kind.problems(declaration, path)
    if "account" in declaration.get("ecr", {}) or name != "ecr":
        yield from _settings_problems(declaration, path)


def _missing_kind(declaration: RegistryDeclaration) -> str:
    """The kind that a registry without one is likely to be."""
    if "host" in declaration and not _known_host(declaration):
        return ""
    if ecr := ecr_declaration(_known_host(declaration)):
        return f"write {ecr} in place of 'host'"
    if "host" not in declaration:
        return "ecr: {}, for ECR of this account"
    return "static: {username: …, password: …}, for a fixed user and password; gitlab: {}, for GitLab's own"


def _kinds(declaration: RegistryDeclaration) -> list[str]:
    return [kind for kind in KINDS if kind in declaration]


def _known_host(declaration: RegistryDeclaration) -> str:
    """The declared host; empty where there is none, or where it is an Output."""
    host = value(declaration.get("host", ""))
    return known(host) if is_known(host) else ""


def _host_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    ecr = ecr_declaration(_known_host(declaration))
    if "host" not in declaration:
        yield Problem(path, "no 'host'", "the registry's host, such as registry.example.com:5000")
    elif ecr and "password" in declaration.get("static", {}):
        yield Problem(
            join_path(path, "static"),
            f"a fixed password for {_known_host(declaration)}",
            f"{ecr}, in place of 'host' and 'static'",
            "a password of ECR expires after 12 hours; the host requests one by its role",
        )
    else:
        yield from check_key(declaration, "host", path, _name_problems)


def _name_problems(host: str, path: str) -> Iterator[Problem]:
    if not _HOST.fullmatch(host):
        yield Problem(
            path,
            repr(without_password(host)),
            "a host in lower case, without a scheme, such as registry.example.com:5000, or with the path "
            "that the credentials are for: registry.example.com/team",
        )
    yield from host_region_problems(host.partition("/")[0], path)


def _settings_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    for name, repository in declared_repositories(declaration).items():
        if repository:
            yield Problem(
                join_path(path, "repositories", name),
                listed(repository),
                "no settings: the stack creates no repositories there",
            )
