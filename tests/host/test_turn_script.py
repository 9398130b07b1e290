"""The real `gitlab-runner-turn`: a fleet's manager starts when the previous one has ended."""

import shutil
from pathlib import Path

import pytest

from sandbox.services.aws.autoscaling.conditions import CONDITIONS
from sandbox.services.aws.server import AwsServer
from tests.host.aws_group import AWS_COMMAND, client_of, environment_for, instances_of, make_group
from tests.host.instance_metadata import InstanceMetadata
from tests.host.script_host import ScriptHost

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def host(tmp_path: Path, metadata: InstanceMetadata) -> ScriptHost:
    host = ScriptHost(tmp_path)
    host.environment["RUNNER_HOST_IMDS"] = metadata.endpoint
    # A script that waits is ended.
    host.commands.add("sleep", 'kill "$PPID"')
    return host


def test_the_only_host_of_its_group_starts(host: ScriptHost, shell: list[str]) -> None:
    host.commands.add("aws", "")
    assert host.run("gitlab-runner-turn.sh", shell).returncode == 0
    assert host.logged() == []
    assert not (host.root / "run/gitlab-runner-waiting").exists()


def test_a_host_starts_when_the_other_has_ended(host: ScriptHost, shell: list[str]) -> None:
    other = host.root / "other"
    other.write_text("i-0fedcba9876543210")
    host.commands.add("aws", f'cat "{other}"')
    host.commands.add("sleep", f'[ -e "{host.root}/run/gitlab-runner-waiting" ] && : >"{other}"')
    assert host.run("gitlab-runner-turn.sh", shell).returncode == 0
    assert host.logged() == ["notice: waiting for the jobs of the previous manager to end"]
    assert host.commands.calls("sleep") == ["sleep 15"]
    assert not (host.root / "run/gitlab-runner-waiting").exists()


def test_a_host_does_not_start_when_aws_does_not_answer(host: ScriptHost, shell: list[str]) -> None:
    host.commands.add("aws", "exit 254")
    assert host.run("gitlab-runner-turn.sh", shell).returncode != 0
    assert not (host.root / "run/gitlab-runner-waiting").exists()


def test_aws_returns_the_other_hosts(host: ScriptHost, metadata: InstanceMetadata) -> None:
    with AwsServer() as aws:
        groups = client_of(aws)
        own, other = make_group(groups, 2, "the-group")
        metadata.set("instance-id", own)
        host.commands.add("aws", AWS_COMMAND)
        host.environment |= environment_for(aws)
        make_group(groups, 1, "of-another-runner", "/the/other")
        assert host.run("gitlab-runner-turn.sh", ["sh"]).returncode != 0
        groups.update_auto_scaling_group(AutoScalingGroupName="the-group", MinSize=1)
        groups.terminate_instance_in_auto_scaling_group(InstanceId=other, ShouldDecrementDesiredCapacity=True)
        assert host.run("gitlab-runner-turn.sh", ["sh"]).returncode == 0
        # A new role or network leads to a new group: the old one ends its jobs.
        make_group(groups, 1, "the-group-before")
        assert host.run("gitlab-runner-turn.sh", ["sh"]).returncode != 0
        groups.delete_auto_scaling_group(AutoScalingGroupName="the-group-before", ForceDelete=True)
        assert host.run("gitlab-runner-turn.sh", ["sh"]).returncode == 0


def test_a_host_that_is_not_yet_in_service_is_not_waited_for(
    host: ScriptHost, metadata: InstanceMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise both would wait for each other, and a fleet has no manager while a broken one boots."""
    with AwsServer() as aws:
        groups = client_of(aws)
        (own,) = make_group(groups, 1, "the-group")
        metadata.set("instance-id", own)
        host.commands.add("aws", AWS_COMMAND)
        host.environment |= environment_for(aws)
        groups.put_lifecycle_hook(
            AutoScalingGroupName="the-group",
            LifecycleHookName="boot",
            LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        )
        monkeypatch.setattr(CONDITIONS, "ready_after", lambda *_: None)
        groups.set_desired_capacity(AutoScalingGroupName="the-group", DesiredCapacity=2)
        states = {each["LifecycleState"] for each in instances_of(groups)}
        assert states == {"InService", "Pending:Wait"}
        assert host.run("gitlab-runner-turn.sh", ["sh"]).returncode == 0
