"""The declared settings that components show: all that matter, no default, and no secret."""

import importlib
import pkgutil
from dataclasses import fields, is_dataclass
from typing import Any

import pulumi_gitlab_runner.spec as spec
import pytest
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.declared import (
    declared,
    declared_creations,
    declared_hosted_auth,
    declared_manager,
    declared_registration,
    declared_role,
    declared_variables,
)
from pulumi_gitlab_runner.spec.inputs import Deferred

from tests.authorities import pem

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
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


def test_a_manager_shows_its_runners_and_registries(stack: Any) -> None:
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


def test_a_fleet_shows_its_largest_size(stack: Any) -> None:
    values = declared_manager(stack.managers["burst"], stack.registries)
    assert values["fleet"] == {"instance_types": ["c7i.large"], "max_instances": 20}
    assert "host" not in values


def test_a_runner_shows_whose_jobs_it_takes(stack: Any) -> None:
    values = {name: declared_registration(each.registration) for name, each in stack.runners.items()}
    assert values == {
        "build": {"group": 42, "tags": ["docker"], "protected": True},
        "small": {"project": 7},
        "burst": {"instance": True, "tags": ["burst"], "run_untagged": True},
    }


def test_the_other_components_show_their_settings(stack: Any) -> None:
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
    assert declared_hosted_auth(stack.hosted_auth["hosted"], stack.registries) == {
        "scopes": [{"project": 8}],
        "key": "DOCKER_AUTH_CONFIG",
        "registries": {
            "team": {"authenticates": "by role", "repositories": ["app", "base"]},
            "legacy": {
                "authenticates": "by a password in Parameter Store",
                "host": "registry.example.com",
                "username": "user",
            },
        },
        "every": 6,
    }
    assert declared_role(stack.registries, (), None).keys() == {"registries"}
    assert declared(stack.network) == {"zones": 3}


def a_manager(kind: str = "host", settings: Any = None, **stack: Any) -> dict[str, Any]:
    """The settings that the only manager of a stack shows."""
    fleet = {"instance_types": ["c7i.large"], "max_instances": 2}
    machine = (fleet if kind == "fleet" else {}) | (settings or {})
    made = parse_stack({**stack, "runners": {"build": {"group": 42, kind: machine}}})
    return declared_manager(made.managers["build"], made.registries)


PROXY: dict[str, Any] = {"http": "http://proxy.example.com:3128"}


@pytest.mark.parametrize(
    ("stack", "key", "values"),
    [
        ({"cache": {}}, "cache", "of each runner"),
        ({"cache": {"shared": True}}, "cache", "shared"),
        ({"proxy": PROXY}, "proxy", "for the host alone"),
        ({"proxy": {**PROXY, "jobs": True}}, "proxy", "for jobs too"),
        ({"certificate_authorities": {"own": {"pem": pem()}}}, "certificate_authorities", ["own"]),
    ],
)
def test_a_manager_shows_the_settings_of_its_stack(stack: Any, key: str, values: Any) -> None:
    assert a_manager(**stack) == {"runners": {"build": {}}, key: values}


def test_a_host_with_defaults_shows_nothing_and_that_of_a_fleet_its_size() -> None:
    assert a_manager() == {"runners": {"build": {}}}
    assert a_manager("fleet") == {
        "runners": {"build": {}},
        "fleet": {"instance_types": ["c7i.large"], "max_instances": 2},
        "manager": {"instance_type": "t3.small", "disk_gb": 30},
    }


def test_only_settings_that_differ_from_the_default_are_shown() -> None:
    """Also each setting of a field without a default in its model."""
    assert declared(parse_stack({"cache": {"expire_days": 7, "kms_key": KEY}}).cache) == {
        "expire_days": 7,
        "kms_key": KEY,
    }
    assert declared(parse_stack({"cache": {"expire_days": 30, "shared": False}}).cache) == {}
    mirror = {"registry": "legacy", "images": {"db": "postgres:17"}, "delete": True}
    stack = parse_stack(
        {"registries": {"legacy": DECLARED["registries"]["legacy"]}, "mirrors": {"all": mirror}}
    )
    assert declared(stack.mirrors["all"]) == {
        "registry": "legacy",
        "images": [{"source": "postgres:17", "repository": "mirror/db", "tag": "17"}],
        "delete": True,
    }


def test_an_image_by_digests_and_an_older_generation_are_shown() -> None:
    runner = {"group": 42, "host": {}, "require_digests": True, "generation": 2, "tags": []}
    digest = "alpine@sha256:" + "0" * 64
    stack = parse_stack({"runners": {"build": {**runner, "image": digest}}})
    build = stack.runners["build"]
    assert declared_registration(build.registration) == {"group": 42, "generation": 2}
    assert declared_manager(stack.managers["build"], {})["runners"]["build"] == {
        "image": digest,
        "require_digests": True,
    }


def test_a_role_shows_its_policies_and_its_boundary() -> None:
    policy = "arn:aws:iam::123456789012:policy/more"
    team = parse_stack(DECLARED).registries["team"]
    assert declared_role({"team": team}, (policy,), policy) == {
        "registries": {"team": {"authenticates": "by role", "repositories": ["app", "base"]}},
        "policies": [policy],
        "permissions_boundary": policy,
    }


def test_no_secret_is_shown(stack: Any) -> None:
    values = [
        *(declared_manager(each, stack.registries) for each in stack.managers.values()),
        *(declared_registration(each.registration) for each in stack.runners.values()),
        *(declared_creations(each) for each in (stack.registries["team"],)),
        *(declared_hosted_auth(each, stack.registries) for each in stack.hosted_auth.values()),
        declared_role(stack.registries, (), None),
        declared_variables(stack.variables, ["one", "two"]),
    ]
    assert CANARY not in repr(values)
    assert not [each for each in _handles(values) if each.secret]


def test_a_value_that_is_known_later_stays_a_handle() -> None:
    group = Deferred[int]("stack.runners.build.group", None)
    runners = {"build": {"group": group, "host": {}}}
    stack = parse_stack({"gitlab_url": "https://gitlab.example.com", "runners": runners})
    assert declared_registration(stack.runners["build"].registration) == {"group": group}


def models() -> set[Any]:
    """The models that define which of their fields are shown."""
    modules = [
        importlib.import_module(each.name)
        for each in pkgutil.walk_packages(spec.__path__, f"{spec.__name__}.")
    ]
    return {
        each
        for module in modules
        for each in vars(module).values()
        if is_dataclass(each) and isinstance(each, type) and hasattr(each, "shown")
    }


def test_every_shown_field_is_a_field_of_its_model() -> None:
    assert [each for each in models() if not set(each.shown) <= {field.name for field in fields(each)}] == []


MACHINE = "disk_gb ami machine_image vpc subnets egress job_networks peer_networks"
SETTINGS = "keep_images untagged_days keep mutable_tags kms_key"
ROLE = "permissions_boundary role_path"
SHOWN = {
    "Build": "repository context dockerfile target platforms tags cache",
    "Cache": "expire_days kms_key shared",
    "CreationTemplate": f"{SETTINGS} allow_pull tags",
    "DockerHost": "image",
    "EcrPublicRegistry": "",
    "EcrRegistry": "account region repositories caches allow_pull",
    "EcrSettings": "replicate_to replicate_from scanning creation_templates",
    "EgressRule": "cidr prefix_list from_port to_port protocol",
    "Fleet": (
        "instance_types max_instances jobs_per_instance retire_after_jobs idle on_demand_base"
        f" on_demand_percent spot_allocation user_namespaces state_storage {MACHINE}"
    ),
    "FlowLogs": "traffic",
    "GitLabRegistry": "host repositories",
    "HelperRegistry": "host helper repositories",
    "Host": (
        "instance_type concurrent runner_version session_manager metrics policies user_namespaces docker"
        f" {MACHINE} {ROLE}"
    ),
    "HostedAuth": f"key registries protected environment_scope every {ROLE}",
    "Idle": "periods timezone idle_count idle_minutes",
    "JobRole": f"projects branches tags push registries {ROLE}",
    "MachineImage": (
        "architecture runner_version images registries schedule timezone disk_gb declared_type vpc subnets"
        f" {ROLE}"
    ),
    "Mirror": "registry images delete",
    "MirroredImage": "source digest repository tag platforms",
    "Network": "cidr zones nat_per_zone endpoints flow_logs",
    "Pipeline": f"project stack pulumi_project runner_stack preview_branches deploy_branches {ROLE}",
    "PullThroughRegistry": "upstream repositories",
    "Registration": ("tags protected locked paused maximum_timeout other_projects generation keep_previous"),
    "Replica": "region account prefixes",
    "ReplicaSource": "account prefixes",
    "Repository": f"{SETTINGS} delete_images adopt",
    "Runner": "image registries require_digests",
    "Scanning": "enhanced on_push continuous",
    "StaticRegistry": "host username secret parameter key repositories",
    "TagRule": "pattern images days",
    "Variable": "docker_auth protected hidden raw file environment_scope adopt",
}
"""The fields of each model that a preview shows: none that holds a secret, and none that only describes."""


def test_the_shown_fields_of_each_model() -> None:
    assert {each.__name__: set(each.shown) for each in models()} == {
        name: set(shown.split()) for name, shown in SHOWN.items()
    }


def _handles(values: Any) -> list[Deferred[Any]]:
    if isinstance(values, Deferred):
        return [values]
    parts = values.values() if isinstance(values, dict) else values if isinstance(values, list) else ()
    return [handle for each in parts for handle in _handles(each)]
