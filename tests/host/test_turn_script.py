"""`gitlab-runner-turn`, run for real: a fleet's manager starts when the one before it has ended."""

import shutil
from pathlib import Path

import boto3
import pytest

from sandbox.services.aws.server import AwsServer
from tests.host.instance_metadata import InstanceMetadata
from tests.host.script_host import ScriptHost

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def host(tmp_path: Path, metadata: InstanceMetadata) -> ScriptHost:
    host = ScriptHost(tmp_path)
    host.environment["RUNNER_HOST_IMDS"] = metadata.endpoint
    # Whoever still waits after that is ended.
    host.commands.add("sleep", 'kill "$PPID"')
    return host


def test_the_only_host_of_its_group_starts(host: ScriptHost, shell: list[str]) -> None:
    host.commands.add("aws", "")
    assert host.run("gitlab-runner-turn.sh", shell).returncode == 0
    assert host.said() == []
    assert not (host.root / "run/gitlab-runner-waiting").exists()


def test_it_starts_when_the_other_has_ended(host: ScriptHost, shell: list[str]) -> None:
    other = host.root / "other"
    other.write_text("i-0fedcba9876543210")
    host.commands.add("aws", f'cat "{other}"')
    host.commands.add("sleep", f'[ -e "{host.root}/run/gitlab-runner-waiting" ] && : >"{other}"')
    assert host.run("gitlab-runner-turn.sh", shell).returncode == 0
    assert host.said() == ["notice: waiting for the manager before this one to end its jobs"]
    assert not (host.root / "run/gitlab-runner-waiting").exists()


def test_it_waits_where_aws_does_not_answer(host: ScriptHost, shell: list[str]) -> None:
    host.commands.add("aws", "exit 254")
    assert host.run("gitlab-runner-turn.sh", shell).returncode != 0
    assert not (host.root / "run/gitlab-runner-waiting").exists()


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS command line is not installed")
def test_aws_tells_of_the_others(host: ScriptHost, metadata: InstanceMetadata) -> None:
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    with AwsServer() as aws:
        groups = boto3.client("autoscaling", region_name="eu-west-1", endpoint_url=aws.endpoint, **keys)
        groups.create_launch_configuration(
            LaunchConfigurationName="template", ImageId="ami-12c6146b", InstanceType="t3.large"
        )
        groups.create_auto_scaling_group(
            AutoScalingGroupName="the-group",
            LaunchConfigurationName="template",
            MinSize=2,
            MaxSize=2,
            AvailabilityZones=["eu-west-1a"],
        )
        (group,) = groups.describe_auto_scaling_groups()["AutoScalingGroups"]
        own, other = (each["InstanceId"] for each in group["Instances"])
        (metadata.directory / "instance-id").write_text(own)
        host.environment |= {
            "PATH": f"{host.environment['PATH']}:{Path(str(shutil.which('aws'))).parent}",
            "AWS_ENDPOINT_URL": aws.endpoint,
            **{name.upper(): value for name, value in keys.items()},
        }
        assert host.run("gitlab-runner-turn.sh", ["sh"]).returncode != 0
        groups.update_auto_scaling_group(AutoScalingGroupName="the-group", MinSize=1)
        groups.terminate_instance_in_auto_scaling_group(InstanceId=other, ShouldDecrementDesiredCapacity=True)
        assert host.run("gitlab-runner-turn.sh", ["sh"]).returncode == 0
