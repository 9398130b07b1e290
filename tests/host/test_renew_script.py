"""The real `gitlab-runner-renew`: a host that is older than its launch template requests a new one."""

import shutil
from pathlib import Path
from typing import Any

import jmespath
import pytest

from sandbox.services.aws.server import AwsServer
from tests.host.aws_group import AWS_COMMAND, client_of, environment_for, instances_of
from tests.host.instance_metadata import InstanceMetadata
from tests.host.script_host import ScriptHost

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

START = "aws --region eu-west-1 autoscaling start-instance-refresh --auto-scaling-group-name the-group"


@pytest.fixture
def host(tmp_path: Path, metadata: InstanceMetadata) -> ScriptHost:
    host = ScriptHost(tmp_path)
    host.environment["RUNNER_HOST_IMDS"] = metadata.endpoint
    return host


def renewed(host: ScriptHost, versions: str, shell: list[str], start: str = "") -> bool:
    """Whether the host requests a new one, if AWS returns the versions of its group and its own."""
    host.commands.add(
        "aws", f'case "$*" in *describe*) printf "{versions}" ;; *start*) {start or ":"} ;; esac'
    )
    assert host.run("gitlab-runner-renew.sh", shell).returncode == 0
    return START in host.commands.calls("aws")


def test_an_older_host_requests_a_new_one(host: ScriptHost, shell: list[str]) -> None:
    assert renewed(host, "12\\t9\\n", shell)
    assert host.logged() == [
        "notice: launched from version 9 of the launch template: requesting a host of version 12"
    ]


@pytest.mark.parametrize("versions", ["12\\t12\\n", "12\\tNone\\n", "None\\tNone\\n"])
def test_a_host_that_is_up_to_date_or_not_in_service_stays(host: ScriptHost, versions: str) -> None:
    """A host that boots or terminates is not in service."""
    assert not renewed(host, versions, ["sh"])
    assert host.logged() == []


@pytest.mark.parametrize(
    ("state", "versions"), [("InService", ["12", "9"]), ("Pending", ["12", None]), ("Standby", ["12", None])]
)
def test_the_query_to_aws(host: ScriptHost, state: str, versions: list[str | None]) -> None:
    """The query is evaluated on a group as AWS describes it."""
    renewed(host, "12\\t12\\n", ["sh"])
    (asked,) = host.commands.calls("aws")
    instances = [
        {"InstanceId": number, "LifecycleState": of, "LaunchTemplate": {"Version": version}}
        for number, of, version in (("i-1", "InService", "8"), ("i-0123456789abcdef0", state, "9"))
    ]
    group = {"LaunchTemplate": {"Version": "12"}, "Instances": instances}
    found = jmespath.search(asked.partition(" --query ")[2], {"AutoScalingGroups": [group]})
    assert found == versions


def test_a_draining_host_requests_nothing(host: ScriptHost) -> None:
    (host.root / "run/gitlab-runner-draining").touch()
    assert not renewed(host, "12\\t9\\n", ["sh"])


def test_a_refresh_in_progress_is_not_an_error(host: ScriptHost, shell: list[str]) -> None:
    in_progress = 'echo "An error occurred (InstanceRefreshInProgress) when calling …" >&2; exit 254'
    assert renewed(host, "12\\t9\\n", shell, in_progress)
    assert host.logged() == []


def test_another_error_is_logged(host: ScriptHost) -> None:
    renewed(host, "12\\t9\\n", ["sh"], 'echo "AccessDenied" >&2; exit 254')
    assert host.logged() == ["warning: start-instance-refresh failed: AccessDenied"]


def test_aws_accepts_the_calls(host: ScriptHost, metadata: InstanceMetadata) -> None:
    with AwsServer() as aws:
        groups = client_of(aws)
        template: dict[str, Any] = {"LaunchTemplateName": "the-template"}
        _make_template(aws, template["LaunchTemplateName"])
        groups.create_auto_scaling_group(
            AutoScalingGroupName="the-group",
            LaunchTemplate={**template, "Version": "1"},
            MinSize=1,
            MaxSize=2,
            AvailabilityZones=["eu-west-1a"],
        )
        metadata.set("instance-id", instances_of(groups)[0]["InstanceId"])
        host.commands.add("aws", AWS_COMMAND)
        host.environment |= environment_for(aws)
        assert host.run("gitlab-runner-renew.sh", ["sh"]).returncode == 0
        assert host.logged() == []
        groups.update_auto_scaling_group(
            AutoScalingGroupName="the-group", LaunchTemplate={**template, "Version": "2"}
        )
        assert host.run("gitlab-runner-renew.sh", ["sh"]).returncode == 0
        (refresh,) = groups.describe_instance_refreshes(AutoScalingGroupName="the-group")["InstanceRefreshes"]
        assert refresh["Status"] == "Successful"


def _make_template(aws: AwsServer, name: str) -> None:
    import boto3

    from tests.host.aws_group import KEYS

    ec2 = boto3.client("ec2", region_name="eu-west-1", endpoint_url=aws.endpoint, **KEYS)
    launched = {"ImageId": "ami-12c6146b", "InstanceType": "t3.large"}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=launched)
    ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=launched)
