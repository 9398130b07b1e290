"""A host with every option: made as declared, steady, replaced without a gap, and gone again."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.engine.project import Project

pytestmark = pytest.mark.engine

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ci-alarms"
NAME = "/gitlab-runner/tested/release"
RELEASE: dict[str, Any] = {
    "group": 42,
    "tags": ["release"],
    "maximum_timeout": 36000,
    "host": {
        "os": "ubuntu-24.04",
        "session_manager": True,
        "logs": {"retention_days": 7},
        "alarms": {"topic": TOPIC},
        "metrics": "vpc",
        "permissions_boundary": "arn:aws:iam::123456789012:policy/ci-boundary",
        "role_path": "/ci/",
    },
}


@pytest.fixture(scope="module")
def up(project: Project) -> Iterator[Project]:
    """The stack with a host that has every option; in the end, without it."""
    before = project.what_there_is()
    with project.declaring("runners/release", RELEASE):
        project.up()
        yield project
    project.up()
    after = project.what_there_is()
    # The bucket of the hosts' files keeps their earlier versions.
    assert after["aws"] | {"object": []} == before["aws"] | {"object": []}
    assert after["gitlab"] == before["gitlab"]


def group(project: Project) -> dict[str, Any]:
    """The Auto Scaling group of the host."""
    (found,) = (
        each
        for each in project.aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        if {"gitlab-runner-host": NAME}.items() <= {tag["Key"]: tag["Value"] for tag in each["Tags"]}.items()
    )
    return dict(found)


def test_it_is_made_as_declared(up: Project) -> None:
    (logs,) = up.aws("logs").describe_log_groups(logGroupNamePrefix=NAME)["logGroups"]
    assert logs["retentionInDays"] == 7
    (alarm,) = up.aws("cloudwatch").describe_alarms()["MetricAlarms"]
    assert (alarm["AlarmActions"], alarm["Dimensions"]) == ([TOPIC], [{"Name": "Host", "Value": NAME}])
    hooks = up.aws("autoscaling").describe_lifecycle_hooks(
        AutoScalingGroupName=group(up)["AutoScalingGroupName"]
    )["LifecycleHooks"]
    shown = {(each["LifecycleHookName"], each["HeartbeatTimeout"], each["DefaultResult"]) for each in hooks}
    assert shown == {("gitlab-runner-boot", 600, "ABANDON"), ("gitlab-runner-drain", 400, "CONTINUE")}
    (role,) = up.aws("iam").list_roles(PathPrefix="/ci/")["Roles"]
    boundary = up.aws("iam").get_role(RoleName=role["RoleName"])["Role"]["PermissionsBoundary"]
    assert boundary["PermissionsBoundaryArn"].endswith(":policy/ci-boundary")
    vpcs = up.aws("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    rules = up.aws("ec2").describe_security_group_rules()["SecurityGroupRules"]
    (metrics,) = (each for each in rules if each.get("FromPort") == 9252)
    assert (metrics["IsEgress"], metrics["CidrIpv4"]) == (False, vpcs[0]["CidrBlock"])


def test_it_stays_as_it_is(up: Project) -> None:
    assert up.up("--refresh") == set()


def test_a_new_host_is_there_before_the_old_one_ends(up: Project) -> None:
    autoscaling = up.aws("autoscaling")
    name = group(up)["AutoScalingGroupName"]
    (old,) = (each["InstanceId"] for each in group(up)["Instances"])
    with up.declaring("runners/release/host/instance_type", "c7i.large"):
        assert up.up() == {("update", "LaunchTemplate", "ci-release"), ("update", "Group", "ci-release")}
        instances = {each["InstanceId"]: each for each in group(up)["Instances"]}
        states = {each["InstanceType"]: each["LifecycleState"] for each in instances.values()}
        assert states == {"m6i.large": "Terminating:Wait", "c7i.large": "InService"}
        assert instances[old]["LifecycleState"] == "Terminating:Wait"
        (refresh,) = autoscaling.describe_instance_refreshes(AutoScalingGroupName=name)["InstanceRefreshes"]
        assert refresh["Status"] == "InProgress"

        # The old host says that its last job has ended.
        autoscaling.complete_lifecycle_action(
            AutoScalingGroupName=name,
            LifecycleHookName="gitlab-runner-drain",
            InstanceId=old,
            LifecycleActionResult="CONTINUE",
        )
        assert [each["InstanceType"] for each in group(up)["Instances"]] == ["c7i.large"]
        (refresh,) = autoscaling.describe_instance_refreshes(AutoScalingGroupName=name)["InstanceRefreshes"]
        assert refresh["Status"] == "Successful"


def test_a_newer_machine_image_alone_replaces_no_host(up: Project) -> None:
    # It is looked up at each launch: nothing of the declaration's resources names it.
    template = group(up)["LaunchTemplate"]["LaunchTemplateId"]
    asked = up.aws("ec2").describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Default"])[
        "LaunchTemplateVersions"
    ]
    assert [each["LaunchTemplateData"]["ImageId"] for each in asked] == [
        "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    ]


def test_a_new_role_takes_none_from_a_host_with_jobs(up: Project) -> None:
    """The old group ends with its last job, and only then do its role and instance profile go."""
    autoscaling, iam = up.aws("autoscaling"), up.aws("iam")
    before = group(up)
    (old,) = (each["InstanceId"] for each in before["Instances"])
    (role,) = (each["RoleName"] for each in iam.list_roles(PathPrefix="/ci/")["Roles"])
    seen: dict[str, Any] = {}

    def last_job_ends() -> None:
        """The old host drains, and looks around before it says that its last job has ended."""
        for _ in range(600):
            found = autoscaling.describe_auto_scaling_instances(InstanceIds=[old])["AutoScalingInstances"]
            if found and found[0]["LifecycleState"] == "Terminating:Wait":
                break
            time.sleep(0.1)
        seen["role"] = iam.get_role(RoleName=role)["Role"]["RoleName"]
        groups = autoscaling.describe_auto_scaling_groups(
            Filters=[{"Name": "tag:gitlab-runner-host", "Values": [NAME]}]
        )["AutoScalingGroups"]
        seen["states"] = sorted(each["LifecycleState"] for one in groups for each in one["Instances"])
        autoscaling.complete_lifecycle_action(
            AutoScalingGroupName=before["AutoScalingGroupName"],
            LifecycleHookName="gitlab-runner-drain",
            InstanceId=old,
            LifecycleActionResult="CONTINUE",
        )

    with up.declaring("runners/release/host/role_path", "/builds/"), ThreadPoolExecutor() as host:
        ended = host.submit(last_job_ends)
        up.up()
        ended.result()
        assert seen == {"role": role, "states": ["InService", "Terminating:Wait"]}
        assert group(up)["AutoScalingGroupName"] != before["AutoScalingGroupName"]
        assert iam.list_roles(PathPrefix="/ci/")["Roles"] == []
        assert up.changes() == set()
