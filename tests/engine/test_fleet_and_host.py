"""A fleet with a cache and an image, and a host with every option: created, unchanged, changed, deleted."""

import json
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.engine.project import Project

pytestmark = pytest.mark.engine

GROUP = "gitlab-runner-tested-burst"
BURST = {
    "group": 42,
    "tags": ["burst"],
    "fleet": {
        "instance_types": ["c7i.large", "c7a.large"],
        "machine_image": "base",
        "max_instances": 3,
        "on_demand_base": 1,
        "on_demand_percent": 50,
        "idle": [{"periods": ["* 8-17 * * mon-fri"], "idle_count": 1}],
    },
}
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
DECLARED: dict[str, Any] = {
    "runners/burst": BURST,
    "runners/release": RELEASE,
    "cache": {"expire_days": 7},
    "machine_images": {"base": {"tags": {"team": "ci"}}},
}


@pytest.fixture(scope="module")
def up(project: Project) -> Iterator[Project]:
    """The stack with all of it; removed at the end."""
    before = project.snapshot()
    with ExitStack() as declared:
        for path, value in DECLARED.items():
            declared.enter_context(project.declaring(path, value))
        project.up()
        yield project
    project.up()
    after = project.snapshot()
    # The bucket of the hosts' files keeps their earlier versions.
    assert after["aws"] | {"object": []} == before["aws"] | {"object": []}
    assert after["gitlab"] == before["gitlab"]


def workers_group(project: Project) -> dict[str, Any]:
    """The Auto Scaling group of the workers."""
    described = project.aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
    (found,) = described["AutoScalingGroups"]
    return dict(found)


def config_of(project: Project, runner: str) -> dict[str, Any]:
    """The `[[runners]]` entry of a manager with one runner."""
    s3 = project.aws("s3")
    (bucket,) = (each["Name"] for each in s3.list_buckets()["Buckets"] if each["Name"] != cache_of(project))
    delivered = json.loads(s3.get_object(Bucket=bucket, Key=f"{runner}/files.json")["Body"].read())
    (entry,) = tomllib.loads(delivered["etc/gitlab-runner/config.toml"]["content"])["runners"]
    return dict(entry)


def cache_of(project: Project) -> str:
    """The bucket of the cache: the one whose objects expire, not only their earlier versions."""
    s3 = project.aws("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket["Name"])["Rules"]
        if any("Days" in rule.get("Expiration", {}) for rule in rules):
            return str(bucket["Name"])
    raise AssertionError("there is no cache")


def host_group(project: Project) -> dict[str, Any]:
    """The Auto Scaling group of the host."""
    (found,) = (
        each
        for each in project.aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        if {"gitlab-runner-host": NAME}.items() <= {tag["Key"]: tag["Value"] for tag in each["Tags"]}.items()
    )
    return dict(found)


def test_there_are_no_workers_until_the_manager_requests_them(up: Project) -> None:
    found = workers_group(up)
    assert (found["MinSize"], found["DesiredCapacity"], found["MaxSize"]) == (0, 0, 3)
    assert found["NewInstancesProtectedFromScaleIn"] is True
    assert [each["ProcessName"] for each in found["SuspendedProcesses"]] == ["AZRebalance"]
    shares = found["MixedInstancesPolicy"]["InstancesDistribution"]
    assert (shares["OnDemandBaseCapacity"], shares["OnDemandPercentageAboveBaseCapacity"]) == (1, 50)
    assert found["Instances"] == []


def test_the_manager_has_its_group_and_both_managers_have_their_cache_prefix(up: Project) -> None:
    burst, build = config_of(up, "burst"), config_of(up, "build")
    assert burst["autoscaler"]["plugin_config"] == {"name": GROUP}
    assert {entry["cache"]["s3"]["BucketName"] for entry in (burst, build)} == {cache_of(up)}
    assert [entry["cache"]["Path"] for entry in (burst, build)] == ["runners/burst", "runners/build"]


def test_the_host_is_created_as_declared(up: Project) -> None:
    (logs,) = up.aws("logs").describe_log_groups(logGroupNamePrefix=NAME)["logGroups"]
    assert logs["retentionInDays"] == 7
    (alarm,) = up.aws("cloudwatch").describe_alarms()["MetricAlarms"]
    assert (alarm["AlarmActions"], alarm["Dimensions"]) == ([TOPIC], [{"Name": "Host", "Value": NAME}])
    hooks = up.aws("autoscaling").describe_lifecycle_hooks(
        AutoScalingGroupName=host_group(up)["AutoScalingGroupName"]
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


def test_a_second_update_changes_nothing(up: Project) -> None:
    assert up.up("--refresh", "--expect-no-changes") == set()


def test_scaling_by_the_manager_is_no_drift(up: Project) -> None:
    autoscaling, ec2 = up.aws("autoscaling"), up.aws("ec2")
    autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=3)
    instances = [each["InstanceId"] for each in workers_group(up)["Instances"]]
    assert len(instances) == 3
    for reservation in ec2.describe_instances(InstanceIds=instances)["Reservations"]:
        for worker in reservation["Instances"]:
            assert "IamInstanceProfile" not in worker
    assert {change for change in up.up("--refresh") if change[0] != "refresh"} == set()
    assert workers_group(up)["DesiredCapacity"] == 3


def test_a_larger_fleet_changes_its_group_and_the_files_of_its_manager(up: Project) -> None:
    with up.declaring("runners/burst/fleet/max_instances", 5):
        assert up.up() == {
            ("update", "Group", "ci-burst-workers"),
            ("update", "BucketObjectv2", "ci-burst-files"),
        }
        assert (workers_group(up)["MaxSize"], config_of(up, "burst")["autoscaler"]["max_instances"]) == (5, 5)
    up.up()


def test_another_schedule_changes_only_the_files_of_the_manager(up: Project) -> None:
    with up.declaring("runners/burst/fleet/idle/0/idle_count", 2):
        assert up.changes() == {("update", "BucketObjectv2", "ci-burst-files")}


def test_a_new_machine_image_is_a_change_and_no_drift(up: Project) -> None:
    builder, output = up.aws("imagebuilder"), up.outputs()["machine_images"]["base"]
    (pipeline,) = builder.list_image_pipelines()["imagePipelineList"]
    assert pipeline["arn"] == output["pipeline"]
    builder.start_image_pipeline_execution(imagePipelineArn=pipeline["arn"])
    parameter = up.aws("ssm").get_parameter(Name="/imagebuilder/gitlab-runner/tested/base")["Parameter"]
    assert (parameter["Name"], parameter["Value"] != output["id"]) == (output["parameter"], True)
    (image,) = up.aws("ec2").describe_images(ImageIds=[parameter["Value"]])["Images"]
    assert {"Key": "team", "Value": "ci"} in image["Tags"]
    with up.declaring("machine_images/base/runner_version", "19.2.0"):
        changes = up.up()
        assert {name for _, _, name in changes} == {"ci-base", "ci-burst-workers"}
        assert {(operation, kind) for operation, kind, _ in changes} >= {
            ("update", "LaunchTemplate"),
            ("update", "Group"),
            ("replace", "ImageRecipe"),
            ("update", "ImagePipeline"),
        }
        template = workers_group(up)["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
        (version,) = up.aws("ec2").describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=[template["Version"]]
        )["LaunchTemplateVersions"]
        assert version["VersionDescription"] == f"Runner burst-workers, {parameter['Value']}"
        assert version["LaunchTemplateData"]["ImageId"] == f"resolve:ssm:{output['parameter']}"
        assert up.up("--refresh") == set()


def test_a_new_host_is_in_service_before_the_old_one_terminates(up: Project) -> None:
    autoscaling = up.aws("autoscaling")
    name = host_group(up)["AutoScalingGroupName"]
    (old,) = (each["InstanceId"] for each in host_group(up)["Instances"])
    with up.declaring("runners/release/host/instance_type", "c7i.large"):
        # The same update restores the fleet's earlier image.
        assert {change for change in up.up() if change[2] == "ci-release"} == {
            ("update", "LaunchTemplate", "ci-release"),
            ("update", "Group", "ci-release"),
        }
        instances = {each["InstanceId"]: each for each in host_group(up)["Instances"]}
        states = {each["InstanceType"]: each["LifecycleState"] for each in instances.values()}
        assert states == {"m6i.large": "Terminating:Wait", "c7i.large": "InService"}
        assert instances[old]["LifecycleState"] == "Terminating:Wait"
        (refresh,) = autoscaling.describe_instance_refreshes(AutoScalingGroupName=name)["InstanceRefreshes"]
        assert refresh["Status"] == "InProgress"

        # The old host reports that its last job has ended.
        autoscaling.complete_lifecycle_action(
            AutoScalingGroupName=name,
            LifecycleHookName="gitlab-runner-drain",
            InstanceId=old,
            LifecycleActionResult="CONTINUE",
        )
        assert [each["InstanceType"] for each in host_group(up)["Instances"]] == ["c7i.large"]
        (refresh,) = autoscaling.describe_instance_refreshes(AutoScalingGroupName=name)["InstanceRefreshes"]
        assert refresh["Status"] == "Successful"
        assert up.changes() == set()


def test_a_newer_machine_image_alone_replaces_no_host(up: Project) -> None:
    # The image is looked up at each launch: no resource of the declaration has its ID.
    template = host_group(up)["LaunchTemplate"]["LaunchTemplateId"]
    described = up.aws("ec2").describe_launch_template_versions(
        LaunchTemplateId=template, Versions=["$Default"]
    )["LaunchTemplateVersions"]
    assert [each["LaunchTemplateData"]["ImageId"] for each in described] == [
        "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    ]


def test_a_host_with_jobs_keeps_its_role_while_a_new_one_is_created(up: Project) -> None:
    """The old group ends with its last job, and only then are its role and instance profile deleted."""
    autoscaling, iam = up.aws("autoscaling"), up.aws("iam")
    before = host_group(up)
    (old,) = (each["InstanceId"] for each in before["Instances"])
    (role,) = (each["RoleName"] for each in iam.list_roles(PathPrefix="/ci/")["Roles"])
    seen: dict[str, Any] = {}

    def last_job_ends() -> None:
        """Drain the old host; record what exists, then report that its last job has ended."""
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
        assert host_group(up)["AutoScalingGroupName"] != before["AutoScalingGroupName"]
        assert iam.list_roles(PathPrefix="/ci/")["Roles"] == []
        assert up.changes() == set()
