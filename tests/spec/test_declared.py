"""What components say of themselves: all that matters of a declaration, no default, and no secret."""

import importlib
import pkgutil
from dataclasses import fields, is_dataclass
from typing import Any

import pulumi_gitlab_runner.spec as spec
import pytest
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.builds import Build
from pulumi_gitlab_runner.spec.declared import (
    declared,
    declared_creations,
    declared_hosted_auth,
    declared_manager,
    declared_registration,
    declared_role,
    declared_variables,
)
from pulumi_gitlab_runner.spec.hosted_auth import HostedAuth
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.registries import PullThroughRegistry, StaticRegistry
from pulumi_gitlab_runner.spec.variables import Variable

CANARY = "canary-of-a-password-1234"
DECLARED: dict[str, Any] = {
    "gitlab_url": "https://gitlab.example.com",
    "registries": {
        "team": {
            "ecr": {},
            "repositories": {"base": {"keep_images": 100}, "app": {"mutable_tags": ["latest"]}},
        },
        "shared": {"ecr": {"account": "210987654321"}, "repositories": ["tools"]},
        "legacy": {"host": "registry.example.com", "static": {"username": "user", "password": CANARY}},
        "vault": {
            "host": "vault.example.com",
            "static": {"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/vault-AbCdEf"},
        },
        "jobs": {"host": "registry.gitlab.com", "gitlab": {}},
        "azure": {"host": "example.azurecr.io", "helper": "/usr/bin/docker-credential-acr-env"},
    },
    "runners": {
        "build": {
            "group": 42,
            "tags": ["docker"],
            "protected": True,
            "image": "team/base:1",
            "services": [{"name": "redis:7", "alias": "cache", "environment": [f"PASSWORD={CANARY}"]}],
            "registries": ["team", "legacy", "vault", "jobs", "azure"],
            "config": {
                "environment": [f"PASSWORD={CANARY}"],
                "docker": {"privileged": True, "memory": "4g"},
                "feature_flags": {"FF_NETWORK_PER_BUILD": False},
            },
            "host": {"instance_type": "c7i.large", "egress": [{"cidr": "10.0.0.0/8", "from_port": 443}]},
        },
        "small": {"project": 7, "host_of": "build", "limit": 1},
        "burst": {
            "instance": True,
            "tags": ["burst"],
            "run_untagged": True,
            "fleet": {"instance_types": ["c7i.large"], "max_instances": 20},
        },
    },
    "variables": [
        {"group": 42, "key": "DEPLOY_KEY", "value": CANARY, "masked": True, "protected": True},
        {"project": 7, "docker_auth": ["legacy"], "environment_scope": "production"},
    ],
    "hosted_auth": {
        "hosted": {"projects": [8], "registries": ["team", "legacy"], "gitlab_token": {"value": CANARY}}
    },
    "network": {"zones": 3},
}


@pytest.fixture(scope="module")
def stack() -> Any:
    return parse_stack(DECLARED)


def test_a_manager_says_what_its_jobs_are_and_may_do(stack: Any) -> None:
    assert declared_manager(stack.managers["build"], stack.registries) == {
        "runners": {
            "build": {
                "image": "team/base:1",
                "services": ["redis:7"],
                "registries": ["team", "legacy", "vault", "jobs", "azure"],
                "docker": {"privileged": True},
                "network_per_job": False,
            },
            "small": {"limit": 1},
        },
        "registries": {
            "team": {"authenticates": "by role", "repositories": ["app", "base"]},
            "legacy": {
                "authenticates": "by a password in Parameter Store",
                "host": "registry.example.com",
                "username": "user",
            },
            "vault": {
                "authenticates": "by a password in Secrets Manager",
                "host": "vault.example.com",
                "secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/vault-AbCdEf",
            },
            "jobs": {"authenticates": "by each job itself", "host": "registry.gitlab.com"},
            "azure": {
                "authenticates": "by a credential helper",
                "host": "example.azurecr.io",
                "helper": "/usr/bin/docker-credential-acr-env",
            },
        },
        "host": {
            "instance_type": "c7i.large",
            "egress": [{"cidr": "10.0.0.0/8", "from_port": 443, "to_port": 443}],
        },
    }


def test_a_fleet_says_how_large_it_may_be(stack: Any) -> None:
    told = declared_manager(stack.managers["burst"], stack.registries)
    assert told["fleet"] == {"instance_types": ["c7i.large"], "max_instances": 20}
    assert "host" not in told


def test_a_runner_says_whose_jobs_it_takes(stack: Any) -> None:
    told = {name: declared_registration(each.registration) for name, each in stack.runners.items()}
    assert told == {
        "build": {"group": 42, "tags": ["docker"], "protected": True},
        "small": {"project": 7},
        "burst": {"instance": True, "tags": ["burst"], "run_untagged": True},
    }


def test_the_rest_in_its_own_words(stack: Any) -> None:
    assert declared_creations(stack.registries["team"]) == {
        "repositories": {"base": {}, "app": {"mutable_tags": ["latest"]}}
    }
    assert declared_variables(stack.variables, ["one", "two"]) == {
        "one": {"key": "DEPLOY_KEY", "group": 42, "masked": True, "protected": True},
        "two": {
            "key": "DOCKER_AUTH_CONFIG",
            "project": 7,
            "masked": True,
            "docker_auth": ["legacy"],
            "raw": True,
            "environment_scope": "production",
        },
    }
    assert declared_hosted_auth(stack.hosted_auth["hosted"], stack.registries)["scopes"] == [{"project": 8}]
    assert declared_role(stack.registries, (), None).keys() == {"registries"}
    assert declared(stack.network) == {"zones": 3}


def test_no_secret_is_said(stack: Any) -> None:
    told = [
        *(declared_manager(each, stack.registries) for each in stack.managers.values()),
        *(declared_registration(each.registration) for each in stack.runners.values()),
        *(declared_creations(each) for each in (stack.registries["team"],)),
        *(declared_hosted_auth(each, stack.registries) for each in stack.hosted_auth.values()),
        declared_role(stack.registries, (), None),
        declared_variables(stack.variables, ["one", "two"]),
    ]
    assert CANARY not in repr(told)
    assert not [each for each in _handles(told) if each.secret]


def test_what_is_known_later_stays_a_handle() -> None:
    group = Deferred[int]("stack.runners.build.group", None)
    runners = {"build": {"group": group, "host": {}}}
    stack = parse_stack({"gitlab_url": "https://gitlab.example.com", "runners": runners})
    assert declared_registration(stack.runners["build"].registration) == {"group": group}


def test_every_field_that_shows_is_one_of_its_model() -> None:
    modules = [
        importlib.import_module(each.name)
        for each in pkgutil.walk_packages(spec.__path__, f"{spec.__name__}.")
    ]
    models = {
        each
        for module in modules
        for each in vars(module).values()
        if is_dataclass(each) and isinstance(each, type) and hasattr(each, "shown")
    }
    assert len(models) > 25
    assert [each for each in models if not set(each.shown) <= {field.name for field in fields(each)}] == []


def test_no_field_for_a_secret_shows() -> None:
    assert StaticRegistry.shown == ("host", "username", "secret", "parameter", "key", "repositories")
    assert PullThroughRegistry.shown == ("upstream", "repositories")
    assert not {"value", "description"} & set(Variable.shown)
    assert "secrets" not in Build.shown
    assert not {"token", "variables"} & set(HostedAuth.shown)


def _handles(told: Any) -> list[Deferred[Any]]:
    if isinstance(told, Deferred):
        return [told]
    parts = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return [handle for each in parts for handle in _handles(each)]
