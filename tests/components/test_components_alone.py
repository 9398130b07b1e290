"""Every component in AWS by itself: its provider, its tags, and the environment that its arguments give."""

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
from tests.components.test_every_input import OURS, AskedCloud, providers
from tests.components.test_marks import taggable

ACCOUNT, REGION = "210987654321", "cn-north-1"
ELSEWHERE = {"account": ACCOUNT, "region": REGION, "partition": "aws-cn"}
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
WHERE: dict[type[pulumi.ComponentResource], dict[str, Any]] = {
    RunnerImage: {"image": TAGGED, "environment": ELSEWHERE},
    EcrSettings: {"environment": ELSEWHERE},
    PipelineRoles: {**TAGGED, "region": REGION},
    RunnerCache: TAGGED,
    RunnerFleet: manager(fleet=FLEET | TAGGED | {"manager": TAGGED}) | {"environment": ELSEWHERE},
    RunnerHost: manager(host=HOST | TAGGED) | {"environment": ELSEWHERE},
}
"""What gives a component its tags and its environment, where that is not both."""


@pytest.fixture(scope="module")
def by_provider() -> Recording:
    def program() -> None:
        provider = aws.Provider("ours", region="eu-west-1")
        for component, args in COMPONENTS.items():
            component(component.__name__.lower(), args, pulumi.ResourceOptions(providers=[provider]))  # type: ignore[arg-type]

    return run(program, cloud=AskedCloud)[0]


@pytest.fixture(scope="module")
def elsewhere() -> Recording:
    def program() -> None:
        for component, args in COMPONENTS.items():
            where = WHERE.get(component, {**TAGGED, "environment": ELSEWHERE})
            component(component.__name__.lower(), {**args, **where})  # type: ignore[arg-type]

    return run(program, cloud=AskedCloud)[0]


def test_its_resources_and_look_ups_have_its_provider(by_provider: Recording) -> None:
    asked = (
        *("AvailabilityZones", "CallerIdentity", "Parameter", "Partition", "Region"),
        *("Subnets", "Vpc", "Vpcs"),
    )
    assert providers(by_provider) == (OURS, {f"get{each}": OURS for each in asked})


def test_it_registers_its_outputs(by_provider: Recording) -> None:
    assert by_provider.lacking_outputs() == set()


def test_its_tags_are_on_everything(elsewhere: Recording) -> None:
    without = {
        each.parent.partition("::")[0].rpartition(":")[2]
        for each in elsewhere.all_registered
        if taggable(each) and each.tags.get("team") != "ci"
    }
    assert without == {"EcrSettings"}  # which takes none: its role is one of the registry


def test_everything_is_in_the_environment_that_is_given(elsewhere: Recording) -> None:
    asked = {token.rpartition(":")[2] for token in elsewhere.cloud.asked}
    # A pipeline asks for its account, and a cache for its partition.
    assert asked - {"getAvailabilityZones", "getParameter", "getSubnets", "getVpc", "getVpcs"} == {
        "getCallerIdentity",
        "getPartition",
    }
    assert elsewhere.cloud.asked.count("aws:index/getCallerIdentity:getCallerIdentity") == 1
    for each in elsewhere.all_registered:
        if "RunnerCache" not in each.parent:
            given = json.dumps({key: it for key, it in each.inputs.items() if key != "availabilityZone"})
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


@pytest.mark.parametrize(("component", "args", "place"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_its_place(
    component: type[pulumi.ComponentResource], args: Any, place: str
) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        run(lambda: component("mine", args))
    assert f"\n\n{place}\n" in str(refused.value)


def test_tags_of_what_is_no_instance_may_have_any_character_of_aws() -> None:
    """Instance metadata shows no tag with a slash, which is of no matter here."""

    def program() -> None:
        for component, args in MINIMAL.items():
            component(component.__name__.lower(), {**args, "tags": {"team/name": "ci"}})  # type: ignore[arg-type]

    tagged = [each for each in run(program)[0].all_registered if taggable(each)]
    assert {each.tags["team/name"] for each in tagged} == {"ci"}
