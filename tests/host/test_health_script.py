"""The real `gitlab-runner-health`: a dead host is replaced, a busy or draining one is not."""

import json
import shutil
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.credentials.service import boot_clock

from sandbox.services.aws.server import AwsServer
from tests.host.aws_group import AWS_COMMAND, client_of, environment_for, make_group
from tests.host.instance_metadata import InstanceMetadata
from tests.host.script_host import ScriptHost

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

UNHEALTHY = (
    "aws --region eu-west-1 autoscaling set-instance-health --instance-id i-0123456789abcdef0 "
    "--health-status Unhealthy --no-should-respect-grace-period"
)
HOUR = 3600
RUNNER_DEAD = 'case "$*" in *gitlab-runner) echo failed; exit 3 ;; esac'
ENDS_JOBS = 'case "$*" in *gitlab-runner) echo deactivating; exit 3 ;; esac'


class CheckedHost(ScriptHost):
    """A healthy host."""

    def __init__(self, directory: Path, metadata: InstanceMetadata) -> None:
        super().__init__(directory)
        self.environment["RUNNER_HOST_IMDS"] = metadata.endpoint
        for command in ("aws", "docker", "systemctl"):
            self.commands.add(command, "")

    def check(self, times: int, shell: list[str] | None = None) -> list[str]:
        """Run the script this many times; return the calls to AWS."""
        for _ in range(times):
            self.run("gitlab-runner-health.sh", shell or ["sh"])
        return self.commands.calls("aws")


@pytest.fixture
def host(tmp_path: Path, metadata: InstanceMetadata) -> CheckedHost:
    return CheckedHost(tmp_path, metadata)


def test_a_healthy_host_logs_nothing(host: CheckedHost, shell: list[str]) -> None:
    assert host.check(6, shell) == []
    assert host.logged() == []


def test_a_healthy_host_reports_to_its_alarm(host: CheckedHost, shell: list[str]) -> None:
    host.report(HEALTH_OF="/the/host")
    metric = (
        "aws --region eu-west-1 cloudwatch put-metric-data --namespace GitLabRunner --metric-data "
        "MetricName=Healthy,Value=1,Dimensions=[{Name=Host,Value=/the/host}]"
    )
    assert host.check(2, shell) == [metric, metric]
    host.commands.add("systemctl", RUNNER_DEAD)
    assert host.check(1) == [metric, metric]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_credentials_that_end_within_hours_are_counted(host: CheckedHost, shell: list[str]) -> None:
    host.report(HEALTH_OF="/the/host")
    now = boot_clock()
    ends = {"fresh": now + 12 * HOUR, "late": now + 6.1 * HOUR, "ending": now + 5.9 * HOUR, "none": None}
    state = host.root / "run/gitlab-runner-credentials/state.json"
    state.parent.mkdir()
    state.write_text(json.dumps({"registries": {name: {"ends": each} for name, each in ends.items()}}))
    (metric,) = host.check(1, shell)
    assert metric.endswith(" MetricName=CredentialsEnding,Value=2,Dimensions=[{Name=Host,Value=/the/host}]")


def test_a_draining_host_does_not_report_to_the_alarm(host: CheckedHost) -> None:
    host.report(HEALTH_OF="/the/host")
    (host.root / "run/gitlab-runner-draining").touch()
    assert host.check(1) == []


@pytest.mark.parametrize(
    ("command", "body", "reason"),
    [
        ("systemctl", RUNNER_DEAD, "gitlab-runner is not running"),
        ("docker", "exit 1", "Docker does not answer"),
    ],
)
def test_a_dead_host_is_replaced_after_five_minutes(
    host: CheckedHost, shell: list[str], command: str, body: str, reason: str
) -> None:
    host.commands.add(command, body)
    assert host.check(4, shell) == []
    assert host.logged()[-1] == f"warning: {reason}, 4 of 5 times"
    assert host.check(1, shell) == [UNHEALTHY]
    assert host.logged()[-1].startswith(f"err: {reason}; this host asks")


def test_docker_that_does_not_answer_in_half_a_minute_is_dead(host: CheckedHost, shell: list[str]) -> None:
    host.commands.add("timeout", "exit 124")
    host.check(1, shell)
    assert host.commands.calls("timeout") == ["timeout 30 docker version"]
    assert host.logged() == ["warning: Docker does not answer, 1 of 5 times"]


def test_messages_are_in_the_journal_under_the_name_of_the_script(
    host: CheckedHost, shell: list[str]
) -> None:
    host.commands.add("docker", "exit 1")
    host.check(1, shell)
    logged = "Docker does not answer, 1 of 5 times"
    assert host.commands.calls("logger") == [
        f"logger -s -t gitlab-runner-health -p daemon.warning -- {logged}"
    ]
    host.commands.add("logger", "exit 1")
    shown = host.run("gitlab-runner-health.sh", shell).stderr
    assert shown == "gitlab-runner-health: Docker does not answer, 2 of 5 times\n"


def test_a_restart_resets_the_count(host: CheckedHost) -> None:
    host.commands.add("systemctl", RUNNER_DEAD)
    host.check(4)
    host.commands.add("systemctl", "")
    host.check(1)
    host.commands.add("systemctl", RUNNER_DEAD)
    assert host.check(4) == []


def test_a_runner_that_is_stopped_for_its_hosts_end_is_not_dead(host: CheckedHost) -> None:
    (host.root / "run/gitlab-runner-draining").touch()
    host.commands.add("systemctl", RUNNER_DEAD)
    assert host.check(6) == []


def test_a_runner_that_ends_its_jobs_before_a_restart_is_not_dead(
    host: CheckedHost, shell: list[str]
) -> None:
    """A fleet's manager restarts for new settings of its fleet; its longest job may take hours."""
    host.commands.add("systemctl", ENDS_JOBS)
    assert host.check(6, shell) == []
    assert host.logged() == []


def test_a_host_with_a_dead_docker_is_replaced_while_it_ends_its_jobs(host: CheckedHost) -> None:
    host.commands.add("systemctl", ENDS_JOBS)
    host.commands.add("docker", "exit 1")
    assert host.check(5) == [UNHEALTHY]


def test_a_manager_that_waits_for_its_turn_is_not_dead(host: CheckedHost) -> None:
    (host.root / "run/gitlab-runner-waiting").touch()
    host.commands.add("systemctl", RUNNER_DEAD)
    assert host.check(6) == []


def test_a_manager_that_waits_for_its_turn_reports_to_the_alarm(host: CheckedHost, shell: list[str]) -> None:
    """The previous manager drains and no longer reports: without this report, the alarm would be raised."""
    host.report(HEALTH_OF="/the/host")
    (host.root / "run/gitlab-runner-waiting").touch()
    host.commands.add("systemctl", RUNNER_DEAD)
    (metric,) = host.check(1, shell)
    assert "MetricName=Healthy,Value=1" in metric


def test_aws_accepts_the_call(host: CheckedHost, metadata: InstanceMetadata) -> None:
    with AwsServer() as aws:
        groups = client_of(aws)
        (instance,) = make_group(groups, 1)
        metadata.set("instance-id", instance)
        host.commands.add("systemctl", RUNNER_DEAD)
        host.commands.add("aws", AWS_COMMAND)
        host.environment |= environment_for(aws)
        host.check(5)
        (group,) = groups.describe_auto_scaling_groups(AutoScalingGroupNames=["the-group"])[
            "AutoScalingGroups"
        ]
    assert [each["HealthStatus"] for each in group["Instances"]] == ["Unhealthy"]
