"""`RunnerManagerRole` alone: the permissions that each of its arguments gives the manager."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner import RunnerManagerRole

from tests.components.recording import ACCOUNT, REGION, Recording, run

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-the-parameters"
CACHE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-the-cache"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ci/build"
BOUNDARY, OWN = (f"arn:aws:iam::{ACCOUNT}:policy/{name}" for name in ("boundary", "own"))
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ci/build/*"
ARGS: dict[str, Any] = {
    "registries": {"team": {"ecr": {}, "repositories": ["ci/base"]}},
    "parameter_arns": [PARAMETER],
    "key_arn": KEY,
    "files_arn": "arn:aws:s3:::files/build/files.json",
    "host": {"tag": "/ci/build", "session_manager": True, "log_group_arn": LOGS, "reports_health": True},
    "fleet": {"group": "ci-burst", "user": "ubuntu"},
    "cache": {"bucket": "ci-cache", "prefixes": ["runners/build"], "kms_key": CACHE_KEY},
    "permissions_boundary": BOUNDARY,
    "path": "/ci/",
    "policies": [OWN],
}
OF_INSTANCE = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*"
RESOURCES: dict[str, list[str]] = {
    "EcrToken": ["*"],
    "EcrPull": [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ci/base"],
    "HostParameters": [PARAMETER],
    "HostFiles": ["arn:aws:s3:::files/build/files.json"],
    "HostLifecycle": [f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/*"],
    "HostGroup": ["*"],
    "SessionAgent": [OF_INSTANCE],
    "SessionManager": ["*"],
    "HostLogs": [f"{LOGS}:log-stream:*"],
    "HostHealth": ["*"],
    "FleetSize": [f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/ci-burst"],
    "FleetInstances": ["*"],
    "FleetLogin": [OF_INSTANCE],
    "CacheObjects": ["arn:aws:s3:::ci-cache/runners/build/*"],
    "CacheMisses": ["arn:aws:s3:::ci-cache"],
    "CacheKey": [CACHE_KEY],
}


def record_role(**args: Any) -> Recording:
    given: Any = args
    return run(lambda: RunnerManagerRole("puller", given).role_arn)[0]


def statements(recording: Recording) -> dict[str, Any]:
    """The statements of the role's own policy, by their Sid."""
    policy = recording.registered["aws:iam/rolePolicy:RolePolicy", "puller"].inputs["policy"]
    return {each["Sid"]: each for each in json.loads(policy)["Statement"]}


@pytest.fixture(scope="module")
def full() -> Recording:
    return record_role(**ARGS)


def test_each_argument_has_its_statements(full: Recording) -> None:
    found = statements(full)
    assert {sid: each["Resource"] for sid, each in found.items()} == RESOURCES
    assert found["HostLifecycle"]["Condition"] == {
        "StringEquals": {"aws:ResourceTag/gitlab-runner-host": "/ci/build"}
    }
    assert found["FleetLogin"]["Condition"]["StringEquals"] == {
        "ec2:ResourceTag/aws:autoscaling:groupName": "ci-burst",
        "ec2:osuser": "ubuntu",
    }


def test_the_role_has_its_path_its_boundary_and_the_tag_of_its_host(full: Recording) -> None:
    role = full.registered["aws:iam/role:Role", "puller"]
    assert (role.inputs["path"], role.inputs["permissionsBoundary"]) == ("/ci/", BOUNDARY)
    assert role.tags["gitlab-runner-host"] == "/ci/build"
    profile = full.registered["aws:iam/instanceProfile:InstanceProfile", "puller"]
    assert profile.inputs["path"] == "/ci/"
    attached = full.registered["aws:iam/rolePolicyAttachment:RolePolicyAttachment", "puller-1"]
    assert attached.inputs == {"role": "puller-0a1b2c3", "policyArn": OWN}


PARTIAL: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a host that only runs": ({"host": {"tag": "/ci/build"}}, {"HostLifecycle", "HostGroup"}),
    "a fleet": ({"fleet": ARGS["fleet"]}, {"FleetSize", "FleetInstances", "FleetLogin"}),
    "a cache under S3's key": (
        {"cache": {"bucket": "ci-cache", "prefixes": ["a"]}},
        {"CacheObjects", "CacheMisses"},
    ),
    "files": ({"files_arn": ARGS["files_arn"]}, {"HostFiles"}),
}


@pytest.mark.parametrize(("args", "sids"), PARTIAL.values(), ids=PARTIAL)
def test_absent_arguments_give_no_permissions(args: dict[str, Any], sids: set[str]) -> None:
    recording = record_role(**args)
    assert statements(recording).keys() == sids
    role = recording.registered["aws:iam/role:Role", "puller"]
    assert not {"path", "permissionsBoundary"} & role.inputs.keys()
    assert ("aws:iam/rolePolicy:RolePolicy", "puller.key") not in recording.registered
