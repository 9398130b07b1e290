"""A fleet and a cache: made as declared, steady whatever the manager does with the fleet, and gone again."""

import json
import tomllib
from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def up(project: Project) -> Iterator[Project]:
    """The stack with a fleet and a cache; in the end, without them."""
    before = project.what_there_is()
    with ExitStack() as declared:
        declared.enter_context(project.declaring("runners/burst", BURST))
        declared.enter_context(project.declaring("cache", {"expire_days": 7}))
        declared.enter_context(project.declaring("machine_images", {"base": {"tags": {"team": "ci"}}}))
        project.up()
        yield project
    project.up()
    after = project.what_there_is()
    # The bucket of the hosts' files keeps their earlier versions.
    assert after["aws"] | {"object": []} == before["aws"] | {"object": []}
    assert after["gitlab"] == before["gitlab"]


def group(project: Project) -> dict[str, Any]:
    """The Auto Scaling group of the workers."""
    asked = project.aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
    (found,) = asked["AutoScalingGroups"]
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


def test_there_are_no_workers_until_the_manager_wants_some(up: Project) -> None:
    found = group(up)
    assert (found["MinSize"], found["DesiredCapacity"], found["MaxSize"]) == (0, 0, 3)
    assert found["NewInstancesProtectedFromScaleIn"] is True
    assert [each["ProcessName"] for each in found["SuspendedProcesses"]] == ["AZRebalance"]
    shares = found["MixedInstancesPolicy"]["InstancesDistribution"]
    assert (shares["OnDemandBaseCapacity"], shares["OnDemandPercentageAboveBaseCapacity"]) == (1, 50)
    assert found["Instances"] == []


def test_the_manager_knows_its_group_and_both_managers_their_prefix(up: Project) -> None:
    burst, build = config_of(up, "burst"), config_of(up, "build")
    assert burst["autoscaler"]["plugin_config"] == {"name": GROUP}
    assert {entry["cache"]["s3"]["BucketName"] for entry in (burst, build)} == {cache_of(up)}
    assert [entry["cache"]["Path"] for entry in (burst, build)] == ["runners/burst", "runners/build"]


def test_it_stays_as_it_is(up: Project) -> None:
    assert up.up("--refresh", "--expect-no-changes") == set()


def test_what_the_manager_does_with_its_fleet_is_no_change(up: Project) -> None:
    autoscaling, ec2 = up.aws("autoscaling"), up.aws("ec2")
    autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=3)
    workers = [each["InstanceId"] for each in group(up)["Instances"]]
    assert len(workers) == 3
    for reservation in ec2.describe_instances(InstanceIds=workers)["Reservations"]:
        for worker in reservation["Instances"]:
            assert "IamInstanceProfile" not in worker
    assert {change for change in up.up("--refresh") if change[0] != "refresh"} == set()
    assert group(up)["DesiredCapacity"] == 3


def test_a_larger_fleet_is_a_change_of_its_group_and_of_its_managers_files(up: Project) -> None:
    with up.declaring("runners/burst/fleet/max_instances", 5):
        assert up.up() == {
            ("update", "Group", "ci-burst-workers"),
            ("update", "BucketObjectv2", "ci-burst-files"),
        }
        assert (group(up)["MaxSize"], config_of(up, "burst")["autoscaler"]["max_instances"]) == (5, 5)
    up.up()


def test_another_schedule_is_a_change_of_the_managers_files_alone(up: Project) -> None:
    with up.declaring("runners/burst/fleet/idle/0/idle_count", 2):
        assert up.changes() == {("update", "BucketObjectv2", "ci-burst-files")}


def test_a_new_machine_image_shows_in_the_preview_and_is_no_drift(up: Project) -> None:
    builder, told = up.aws("imagebuilder"), up.outputs()["machine_images"]["base"]
    (pipeline,) = builder.list_image_pipelines()["imagePipelineList"]
    assert pipeline["arn"] == told["pipeline"]
    builder.start_image_pipeline_execution(imagePipelineArn=pipeline["arn"])
    parameter = up.aws("ssm").get_parameter(Name="/imagebuilder/gitlab-runner/tested/base")["Parameter"]
    assert (parameter["Name"], parameter["Value"] != told["id"]) == (told["parameter"], True)
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
        template = group(up)["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
        (version,) = up.aws("ec2").describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=[template["Version"]]
        )["LaunchTemplateVersions"]
        assert version["VersionDescription"] == f"Runner burst-workers, {parameter['Value']}"
        assert version["LaunchTemplateData"]["ImageId"] == f"resolve:ssm:{told['parameter']}"
        assert up.up("--refresh") == set()
