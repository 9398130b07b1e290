"""The default of every optional setting, as in its docstring; no default is shown."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.declared import declared
from pulumi_gitlab_runner.spec.network import FlowLogs
from pulumi_gitlab_runner.spec.observation import Logs
from pulumi_gitlab_runner.spec.operating_systems import AMAZON_LINUX_2023
from pulumi_gitlab_runner.spec.pipeline_roles import PulumiState, parse_pipeline

from tests.authorities import pem

STACK = parse_stack(
    {
        "registries": {"team": {"ecr": {}, "repositories": ["ci/base", "mirror/redis"]}},
        "runners": {
            "build": {"group": 42, "host": {}, "services": [{"name": "redis:7"}]},
            "burst": {"group": 42, "fleet": {"instance_types": ["c7i.large"], "max_instances": 2}},
            "own": {"group": 42, "host": {"docker": {"aws_credentials": {"directory": "/root/.aws"}}}},
        },
        "builds": {"base": {"repository": "team/ci/base", "context": "."}},
        "machine_images": {"docker": {}},
        "cache": {},
        "network": {"flow_logs": {}},
        "proxy": {"https": "http://proxy.example.com:3128"},
        "variables": [{"group": 42, "key": "A", "value": "short"}],
        "certificate_authorities": {"corporate": {"pem": pem()}},
        "mirrors": {
            "hub": {"registry": "team", "images": {"redis": "redis:7"}, "variables": {"group": 42}},
        },
        "job_roles": {"push": {"projects": ["team/app"], "branches": ["main"], "push": ["team/ci/base"]}},
        "ecr_settings": {
            "eu-west-1": {
                "scanning": {},
                "creation_templates": {"hub": {}},
                "replicate_to": [{"region": "us-east-1"}],
                "replicate_from": [{"account": "210987654321"}],
            }
        },
    }
)
ECR = STACK.ecr_settings["eu-west-1"]
HOST, FLEET = STACK.managers["build"].host, STACK.managers["burst"].fleet
DOCKER = STACK.managers["own"].host.docker
PIPELINE = parse_pipeline(
    {"project": "a/b", "stack": "prod", "state": {"bucket": "abc"}}, "https://gitlab.example.com"
)
OF_A_MACHINE: dict[str, Any] = {
    "ami": None,
    "machine_image": None,
    "vpc": None,
    "subnets": (),
    "egress": (),
    "peer_networks": (),
    "tags": {},
    "user_namespaces": False,
}
OF_A_ROLE = {"permissions_boundary": None, "role_path": "/"}
OF_IMAGES: dict[str, Any] = {"keep_images": 100, "untagged_days": 7, "keep": (), "kms_key": None}
DEFAULTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a host": (
        HOST,
        OF_A_MACHINE
        | OF_A_ROLE
        | {
            "instance_type": "m6i.large",
            "concurrent": 4,
            "disk_gb": 100,
            "os": AMAZON_LINUX_2023,
            "job_networks": "192.168.0.0/16",
            "runner_version": "19.3.0",
            "session_manager": False,
            "logs": None,
            "alarm_topic": None,
            "metrics": None,
            "policies": (),
            "docker": None,
            "config": {},
        },
    ),
    "a fleet": (
        FLEET,
        OF_A_MACHINE
        | {
            "jobs_per_instance": 1,
            "retire_after_jobs": None,
            "on_demand_base": 0,
            "on_demand_percent": 100,
            "spot_allocation": "price-capacity-optimized",
            "disk_gb": 100,
            "user": "ec2-user",
            "state_storage": False,
            "job_networks": "172.17.0.0/16",
        },
    ),
    "idle instances": (
        FLEET and FLEET.idle[0],
        {"periods": ("* * * * *",), "timezone": "UTC", "idle_count": 0, "idle_minutes": 10},
    ),
    "a Docker host": (DOCKER, {"socket": "/var/run/docker.sock"}),
    "credentials": (DOCKER and DOCKER.aws_credentials, {"profile": "default", "access_key": None}),
    "a repository": (
        STACK.registries["team"].repositories["ci/base"],
        OF_IMAGES | {"mutable_tags": (), "delete_images": False, "adopt": False},
    ),
    "a template": (
        ECR.creation_templates["hub"],
        OF_IMAGES | {"mutable_tags": ("*",), "allow_pull": (), "tags": {}},
    ),
    "scanning": (ECR.scanning, {"enhanced": False, "on_push": ("*",), "continuous": ()}),
    "a replica": (ECR.replicate_to[0], {"account": None, "prefixes": ()}),
    "the source of a replica": (ECR.replicate_from[0], {"prefixes": ()}),
    "a build": (
        STACK.builds["base"],
        {
            "dockerfile": "Dockerfile",
            "args": {},
            "secrets": {},
            "target": None,
            "platforms": (),
            "tags": (),
            "cache": None,
        },
    ),
    "a machine image": (
        STACK.machine_images["docker"],
        OF_A_ROLE
        | {
            "os": AMAZON_LINUX_2023,
            "architecture": "x86_64",
            "runner_version": "19.3.0",
            "images": (),
            "registries": (),
            "schedule": "cron(0 4 ? * mon *)",
            "timezone": "UTC",
            "disk_gb": 20,
            "declared_type": None,
            "vpc": None,
            "subnets": (),
            "tags": {},
        },
    ),
    "a cache": (STACK.cache, {"expire_days": 30, "kms_key": None, "shared": False}),
    "a network": (
        STACK.network,
        {
            "cidr": "10.64.0.0/20",
            "zones": 2,
            "nat_per_zone": False,
            "endpoints": (),
            "flow_logs": FlowLogs("all", Logs(30, None)),
        },
    ),
    "flow logs": (STACK.network and STACK.network.flow_logs, {"traffic": "all", "logs": Logs(30, None)}),
    "a proxy": (
        STACK.managers["build"].proxy,
        {"http": "http://proxy.example.com:3128", "no_proxy": (), "jobs": False},
    ),
    "a variable": (
        STACK.variables[0],
        {
            "docker_auth": (),
            "masked": False,
            "hidden": False,
            "protected": False,
            "raw": False,
            "file": False,
            "environment_scope": "*",
            "description": None,
            "adopt": False,
        },
    ),
    "an authority": (STACK.managers["build"].authorities[0], {"hosts": (), "jobs": False}),
    "a mirror": (STACK.mirrors["hub"], {"delete": False}),
    "the variables of a mirror": (STACK.mirrors["hub"].variables, {"prefix": "IMAGE_"}),
    "a mirrored image": (STACK.mirrors["hub"].images[0], {"digest": None, "platforms": ()}),
    "a job role": (
        STACK.job_roles["push"],
        OF_A_ROLE
        | {
            "tags": (),
            "registries": (),
            "declared_issuer": "https://gitlab.com",
            "declared_audience": None,
            "identity_provider": None,
            "trust_policy_length": 2048,
        },
    ),
    "a registration": (
        STACK.runners["build"].registration,
        {
            "description": "build",
            "tags": (),
            "run_untagged": True,
            "protected": False,
            "locked": False,
            "paused": False,
            "maximum_timeout": None,
            "maintenance_note": None,
            "other_projects": (),
            "generation": 1,
            "keep_previous": False,
        },
    ),
    "a runner": (
        STACK.runners["build"],
        {
            "resource_name": "build",
            "limit": 4,
            "image": "alpine:latest",
            "registries": (),
            "require_digests": False,
            "config": {},
        },
    ),
    "a service": (
        STACK.runners["build"].services[0],
        {"alias": "", "entrypoint": (), "command": (), "environment": ()},
    ),
    "a pipeline": (
        PIPELINE,
        OF_A_ROLE
        | {
            "pulumi_project": "gitlab-runner",
            "runner_stack": "ci",
            "preview_branches": ("*",),
            "deploy_branches": ("main",),
            "declared_issuer": "https://gitlab.example.com",
            "audience": "sts.amazonaws.com",
            "identity_provider": None,
        },
    ),
    "a state": (PIPELINE.state or PulumiState(""), {"prefix": "", "kms_key": None, "secrets_key": None}),
}


@pytest.mark.parametrize(("model", "defaults"), DEFAULTS.values(), ids=DEFAULTS)
def test_the_defaults_of_optional_settings(model: Any, defaults: dict[str, Any]) -> None:
    assert {name: getattr(model, name) for name in defaults} == defaults


REQUIRED = {
    "a fleet": {"instance_types", "max_instances"},
    "a Docker host": {"image"},  # of the runner's version
    "a replica": {"region"},
    "the source of a replica": {"account"},
    "a build": {"repository", "context"},
    "a mirror": {"registry", "images"},
    "a mirrored image": {"source", "repository", "tag"},
    "a job role": {"projects", "branches", "push"},
    "a network": {"flow_logs"},
    "a template": {"mutable_tags"},  # other than a repository's
    "a pipeline": {
        "project",
        "stack",
        "pulumi_project",
        "runner_stack",
        "preview_branches",
        "deploy_branches",
    },
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_no_default_is_shown(name: str) -> None:
    model = DEFAULTS[name][0]
    if hasattr(model, "shown"):
        assert declared(model).keys() == REQUIRED.get(name, set())
