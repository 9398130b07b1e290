"""A declaration that uses every part, for tests to modify."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from pulumi_gitlab_runner.spec import AwsEnvironment, DeclarationError, Problem, parse_stack
from pulumi_gitlab_runner.spec.ecr_settings import (
    EcrSettings,
    EcrSettingsDeclaration,
    ecr_settings_problems,
    parse_ecr_settings,
)
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.network import Network, NetworkDeclaration, network_problems, parse_network
from pulumi_gitlab_runner.spec.registries import (
    RepositoriesDeclaration,
    Repository,
    repositories_problems,
)
from pulumi_gitlab_runner.spec.registries.repositories import parse_repositories
from pulumi_gitlab_runner.spec.shape import checked

CHECKOUT = Path(__file__).parents[2]
STACKS = sorted((CHECKOUT / "stacks").glob("Pulumi.*.yaml"))
ENVIRONMENT = AwsEnvironment("123456789012", "eu-west-1")

_DECLARATION: dict[str, Any] = {
    "gitlab_url": "https://gitlab.example.com",
    "registries": {
        "team": {"ecr": {}, "repositories": {"private/image": {}, "ci/base": {"keep_images": 50}}},
        "shared": {
            "ecr": {"account": "210987654321", "region": "us-east-1"},
            "repositories": ["platform/toolchain"],
        },
        "legacy": {
            "host": "registry.example.com:5000",
            "static": {"username": "my_username", "password": "pass-word-1234"},
        },
        "vault": {
            "host": "registry.partner.example",
            "static": {"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/vault-AbCdEf"},
        },
    },
    "runners": {
        "build": {
            "group": 42,
            "tags": ["docker"],
            "image": "team/ci/base:2026.11",
            "services": [{"name": "redis:latest", "alias": "cache"}],
            "registries": ["team", "shared", "legacy"],
            "host": {"instance_type": "t3.large", "concurrent": 4},
        }
    },
    "variables": [
        {"project": 7, "docker_auth": ["legacy"]},
        {"group": 42, "key": "DEPLOY_REGION", "value": "eu-west-1"},
    ],
}


def declaration() -> dict[str, Any]:
    """A good declaration, a new copy for each caller."""
    return deepcopy(_DECLARATION)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good declaration with another value at a place, such as ``runners/build/registries/1``."""
    result = declaration()
    place: Any = result
    *parents, last = path.split("/")
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[int(last) if isinstance(place, list) else last] = value
    return result


def without(path: str) -> dict[str, Any]:
    """The good declaration without the key at a place."""
    result = declaration()
    place: Any = result
    *parents, last = path.split("/")
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    del place[last]
    return result


def problems_of(declared: Any, environment: AwsEnvironment | None = ENVIRONMENT) -> list[Problem]:
    """The problems of a declaration."""
    try:
        parse_stack(declared, environment)
    except DeclarationError as error:
        return list(error.problems)
    return []


def output(path: str = "an.output") -> Any:
    """The handle of an Output, as a component substitutes it for one."""
    return Deferred(path, object())


def encrypted(path: str = "an.encrypted.value", value: str = "canary-of-a-secret") -> Any:
    """The handle of an encrypted value of the stack's file, as the program of a stack gets it."""
    return Deferred(path, value, encrypted=True, available=True)


def repositories(declared: Any, path: str) -> dict[str, Repository]:
    """The repositories that a component declares on its own."""
    return parse_repositories(checked(declared, RepositoriesDeclaration, path, repositories_problems))


def ecr_settings(declared: Any, region: str | None, path: str) -> EcrSettings:
    """The settings of a registry that a component declares on its own."""

    def problems(shaped: EcrSettingsDeclaration, at: str) -> Iterator[Problem]:
        return ecr_settings_problems(shaped, region, at)

    return parse_ecr_settings(checked(declared, EcrSettingsDeclaration, path, problems))


def network(declared: Any, path: str) -> Network:
    """The network that a component declares on its own."""
    return parse_network(checked(declared, NetworkDeclaration, path, network_problems))


def stack_file(path: Path) -> dict[str, Any]:
    """The declaration in a stack file, its encrypted values decrypted for tests."""

    def decrypted(value: Any) -> Any:
        if isinstance(value, dict):
            is_secret = value.keys() == {"secure"}
            return "decrypted-value" if is_secret else {key: decrypted(each) for key, each in value.items()}
        return [decrypted(each) for each in value] if isinstance(value, list) else value

    configuration: dict[str, Any] = yaml.safe_load(path.read_text())["config"]
    declared: dict[str, Any] = decrypted(configuration["gitlab-runner:stack"])
    return declared
