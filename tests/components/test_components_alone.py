"""Every component in AWS alone: its provider, its tags, and the environment in its arguments."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi_gitlab_runner import (
    EcrRepositories,
    EcrSettings,
    HostedRunnerAuth,
    HostStore,
    JobRole,
    PipelineRoles,
    RunnerCache,
    RunnerFleet,
    RunnerHost,
    RunnerImage,
    RunnerManagerRole,
    RunnerNetwork,
)

from tests.components.recording import Recording, run
from tests.components.test_every_input import OURS, ProviderCloud, providers
from tests.components.test_marks import taggable

ACCOUNT, REGION = "210987654321", "cn-north-1"
OTHER_ENVIRONMENT = {"account": ACCOUNT, "region": REGION, "partition": "aws-cn"}
TEAM: Any = {"team": {"ecr": {}, "repositories": {"ci/base": {}}}}
TOKEN = {"secret": "arn:aws-cn:secretsmanager:cn-north-1:210987654321:secret:ci/token-AbCdEf"}
AUTH = {"registries": ["team"], "projects": [7], "gitlab_token": TOKEN}
JOB = {"projects": ["team/app"], "branches": ["main"], "push": ["team/ci/base"]}
PIPELINE = {
    "pipeline": {"project": "a/b", "stack": "prod", "state": {"bucket": "my-state"}},
    "declaration": {"gitlab_url": "https://gitlab.example.com"},
}


FLEET: dict[str, Any] = {"instance_types": ["c7i.large"], "max_instances": 2}
HOST: dict[str, Any] = {"metrics": "vpc", "logs": {}}
TAGGED = {"tags": {"team": "ci"}}


def manager(**runner: Any) -> dict[str, Any]:
    hosted = {"runner": {"group": 42, **runner}, "runner_id": "1", "token": "glrt-canary"}
    return {
        "runners": {"build": hosted},
        "gitlab_url": "https://gitlab.example.com",
        "bucket": "the-bucket",
        "key_arn": "arn:aws-cn:kms:cn-north-1:210987654321:key/ours",
    }


COMPONENTS: dict[type[pulumi.ComponentResource], dict[str, Any]] = {
    EcrRepositories: {"repositories": {"ci/base": {}}, "allow_pull": ["123456789012"]},
    EcrSettings: {
        "replicate_from": [{"account": "123456789012"}],
        "creation_templates": {"hub": {"tags": {"a": "b"}}},
    },
    HostStore: {},
    HostedRunnerAuth: {"auth": AUTH, "registries": TEAM},
    JobRole: {"role": JOB, "registries": TEAM},
    PipelineRoles: PIPELINE,
    RunnerCache: {},
    RunnerFleet: manager(fleet=FLEET),
    RunnerHost: manager(host=HOST),
    RunnerImage: {"image": {}},
    RunnerManagerRole: {"registries": TEAM},
    RunnerNetwork: {"flow_logs": {}, "endpoints": ["ssm"]},
}
PLACEMENT: dict[type[pulumi.ComponentResource], dict[str, Any]] = {
    RunnerImage: {"image": TAGGED, "environment": OTHER_ENVIRONMENT},
    EcrSettings: {"environment": OTHER_ENVIRONMENT},
    PipelineRoles: {**TAGGED, "region": REGION},
    RunnerCache: TAGGED,
    RunnerFleet: manager(fleet=FLEET | TAGGED | {"manager": TAGGED}) | {"environment": OTHER_ENVIRONMENT},
    RunnerHost: manager(host=HOST | TAGGED) | {"environment": OTHER_ENVIRONMENT},
}
"""The arguments for tags and environment of components where they differ from the usual ones."""


@pytest.fixture(scope="module")
def by_provider() -> Recording:
    def program() -> None:
        provider = aws.Provider("ours", region="eu-west-1")
        for component, args in COMPONENTS.items():
            component(component.__name__.lower(), args, pulumi.ResourceOptions(providers=[provider]))  # type: ignore[arg-type]

    return run(program, cloud=ProviderCloud)[0]


@pytest.fixture(scope="module")
def in_other_environment() -> Recording:
    def program() -> None:
        for component, args in COMPONENTS.items():
            placement = PLACEMENT.get(component, {**TAGGED, "environment": OTHER_ENVIRONMENT})
            component(component.__name__.lower(), {**args, **placement})  # type: ignore[arg-type]

    return run(program, cloud=ProviderCloud)[0]


def test_resources_and_look_ups_use_the_provider_of_their_component(by_provider: Recording) -> None:
    functions = (
        *("AvailabilityZones", "CallerIdentity", "Parameter", "Partition", "Region"),
        *("Subnets", "Vpc", "Vpcs"),
    )
    assert providers(by_provider) == (OURS, {f"get{each}": OURS for each in functions})


def test_every_component_registers_its_outputs(by_provider: Recording) -> None:
    assert by_provider.lacking_outputs() == set()


def test_every_resource_has_the_tags_of_its_component(in_other_environment: Recording) -> None:
    without = {
        each.parent.partition("::")[0].rpartition(":")[2]
        for each in in_other_environment.all_registered
        if taggable(each) and each.tags.get("team") != "ci"
    }
    assert without == {"EcrSettings"}  # has no tags, since its role belongs to the registry


def test_every_resource_is_in_the_given_environment(in_other_environment: Recording) -> None:
    functions = {token.rpartition(":")[2] for token in in_other_environment.cloud.called}
    # `PipelineRoles` looks up its account, and `RunnerCache` its partition.
    assert functions - {"getAvailabilityZones", "getParameter", "getSubnets", "getVpc", "getVpcs"} == {
        "getCallerIdentity",
        "getPartition",
    }
    assert in_other_environment.cloud.called.count("aws:index/getCallerIdentity:getCallerIdentity") == 1
    for each in in_other_environment.all_registered:
        if "RunnerCache" not in each.parent:
            given = json.dumps(
                {key: value for key, value in each.inputs.items() if key != "availabilityZone"}
            )
            assert "arn:aws:" not in given, each
            assert "eu-west-1" not in given, each


OWN = "arn:aws:iam::123456789012:policy/own"
MINIMAL: dict[type[pulumi.ComponentResource], dict[str, Any]] = {
    EcrRepositories: {"repositories": {}},
    HostStore: {},
    RunnerCache: {},
    RunnerManagerRole: {},
    RunnerNetwork: {},
}
WRONG: dict[str, tuple[type[pulumi.ComponentResource], dict[str, Any], str]] = {
    f"tags of {component.__name__}": (
        component,
        {**args, "tags": {"aws:team": "ci"}},
        'mine.tags["aws:team"]',
    )
    for component, args in MINIMAL.items()
} | {
    "a policy of a role": (RunnerManagerRole, {"policies": [OWN, "own"]}, "mine.policies[1]"),
    "operators of a store": (HostStore, {"operators": ["me"]}, "mine.operators[0]"),
    "a region of repositories": (EcrRepositories, {"region": "europe"}, "mine.region"),
    "a region of repositories to adopt": (
        EcrRepositories,
        {"repositories": {"a/b": {"adopt": True}}, "region": pulumi.Output.from_input("eu-west-1")},
        "mine.region\n  found:   an Output, together with 'adopt'\n  allowed: a plain value",
    ),
    "a region of settings": (EcrSettings, {"region": "europe"}, "mine.region"),
    "days of a cache": (RunnerCache, {"expire_days": 0}, "mine.expire_days"),
    "tags of roles of a pipeline": (
        PipelineRoles,
        {**PIPELINE, "tags": {"aws:team": "ci"}},
        'mine.tags["aws:team"]',
    ),
}


@pytest.mark.parametrize(("component", "args", "path"), WRONG.values(), ids=WRONG)
def test_an_invalid_argument_is_reported_with_its_path(
    component: type[pulumi.ComponentResource], args: Any, path: str
) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        run(lambda: component("mine", args))
    assert f"\n\n{path}\n" in str(refused.value)


def test_tags_outside_of_instances_may_have_any_character_that_aws_allows() -> None:
    """Instance metadata supports no tag with a slash, which does not matter here."""

    def program() -> None:
        for component, args in MINIMAL.items():
            component(component.__name__.lower(), {**args, "tags": {"team/name": "ci"}})  # type: ignore[arg-type]

    tagged = [each for each in run(program)[0].all_registered if taggable(each)]
    assert {each.tags["team/name"] for each in tagged} == {"ci"}
