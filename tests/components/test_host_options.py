"""What each option of a host makes, and what it lets the host do."""

import json
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_gitlab_runner import RunnerHost
from pulumi_gitlab_runner.host.lifecycle import LAUNCH_HOOK, LIFECYCLE_HOOK
from pulumi_gitlab_runner.spec.hosts import HostDeclaration
from pulumi_gitlab_runner.typed_dicts import fields_of

from tests.components.recording import ACCOUNT, REGION, Recording, run
from tests.user_data import decoded

HOST = "/gitlab-runner/sandbox/build"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
OPTIONS: dict[str, Any] = {
    "os": "ubuntu-24.04",
    "session_manager": True,
    "logs": {"retention_days": 7},
    "alarms": {"topic": TOPIC},
    "metrics": "vpc",
    "permissions_boundary": BOUNDARY,
    "role_path": "/ci/",
}


def made(host: dict[str, Any], **runner: Any) -> Recording:
    """What a `RunnerHost` with these options registers."""
    args: Any = {
        "runners": {
            "build": {
                "runner": {"group": 42, "image": "alpine:3", "host": host, **runner},
                "runner_id": pulumi.Output.from_input("23"),
                "token": "glrt-canary",
            }
        },
        "gitlab_url": "https://gitlab.example.com",
        "bucket": "the-bucket",
        "key_arn": "the-key",
    }
    return run(lambda: RunnerHost("build", args))[0]


def inputs(recording: Recording, kind: str, name: str = "build") -> Any:
    """The inputs of the one resource of a kind and a name."""
    (found,) = (
        each
        for (type_, _), each in recording.registered.items()
        if type_.rpartition(":")[2] == kind and _ == name
    )
    return found.inputs


def request(recording: Recording, kind: str, name: str = "build") -> Any:
    """The request that registers the one resource of a kind and a name: its options."""
    (found,) = (
        each
        for (type_, _), each in recording.registered.items()
        if type_.rpartition(":")[2] == kind and _ == name
    )
    return found.request


def kinds(recording: Recording) -> set[str]:
    return {kind.rpartition(":")[2] for kind, _ in recording.registered}


def statements(recording: Recording) -> dict[str, Any]:
    """The statements of the host's role, by their id."""
    return {each["Sid"]: each for each in json.loads(inputs(recording, "RolePolicy")["policy"])["Statement"]}


def files(recording: Recording) -> dict[str, str]:
    """The host's files: path → text."""
    content = json.loads(inputs(recording, "BucketObjectv2", "build-files")["content"])
    return {path: file["content"] for path, file in content.items()}


@pytest.fixture(scope="module")
def plain() -> Recording:
    return made({})


@pytest.fixture(scope="module")
def full() -> Recording:
    return made(OPTIONS)


def test_without_options_there_is_neither_log_group_nor_alarm_nor_way_in(plain: Recording) -> None:
    assert kinds(plain).isdisjoint({"LogGroup", "MetricAlarm", "SecurityGroupIngressRule"})
    alone = {"HostFiles", "HostParameters", "HostLifecycle", "HostGroup"}
    assert set(statements(plain)) == alone
    assert files(plain)["etc/gitlab-runner/reporting"] == "LOG_GROUP=''\nHEALTH_OF=''\nMETRICS_PORT=''\n"
    assert "listen_address" not in files(plain)["etc/gitlab-runner/config.toml"]


def test_all_are_below_the_host(full: Recording) -> None:
    assert {"LogGroup", "MetricAlarm", "SecurityGroupIngressRule", "LifecycleHook"} <= kinds(full)
    below = [
        each
        for (kind, _), each in full.registered.items()
        if kind.startswith("aws:") and not kind.startswith("aws:iam/")
    ]
    assert {each.parent.rpartition("::")[0].rpartition(":")[2] for each in below} == {"RunnerHost"}


def test_a_new_host_comes_before_the_old_one_goes(plain: Recording) -> None:
    group = inputs(plain, "Group")
    assert (group["minSize"], group["maxSize"]) == (1, 2)
    assert group["instanceMaintenancePolicy"] == {"minHealthyPercentage": 100, "maxHealthyPercentage": 200}
    assert group["instanceRefresh"] == {"strategy": "Rolling", "triggers": ["vpc_zone_identifier"]}


LAUNCH = {
    "name": LAUNCH_HOOK,
    "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "heartbeatTimeout": 600,
    "defaultResult": "ABANDON",
}


def test_a_host_is_in_service_when_it_is_ready(plain: Recording) -> None:
    """The first one too. A provider that cancels a refresh waits 900 seconds for what is launched."""
    first, _ = inputs(plain, "Group")["initialLifecycleHooks"]
    assert first == LAUNCH
    hook = inputs(plain, "LifecycleHook", "build-boot")
    assert hook == {**LAUNCH, "autoscalingGroupName": "build-0a1b2c3"}
    # A group of an earlier version has no initial hook, and stays.
    assert request(plain, "Group").ignoreChanges == ["initialLifecycleHooks"]


def test_a_group_whose_host_was_not_ready_is_made_anew(plain: Recording) -> None:
    assert request(plain, "Group").replaceOnChanges == ["#initerror"]


def test_a_zone_without_capacity_leaves_the_others(plain: Recording) -> None:
    group = inputs(plain, "Group")
    assert (group["ignoreFailedScalingActivities"], group["waitForCapacityTimeout"]) == (True, "1200s")


def test_a_new_role_or_network_makes_a_new_group_that_outlives_neither(plain: Recording) -> None:
    group = request(plain, "Group")
    trigger = [each.string_value for each in group.replacement_trigger.list_value.values]
    assert trigger == [f"arn:aws:iam::{ACCOUNT}:instance-profile/build-0a1b2c3", "build-id"]
    needed = {urn.rpartition("::")[0].rpartition(":")[2] for urn in group.dependencies}
    assert {"InstanceProfile", "RolePolicy", "SecurityGroup", "SecurityGroupEgressRule"} <= needed
    assert group.customTimeouts.delete == "9000s"  # two hours of jobs, and some more
    assert not group.deleteBeforeReplace


def test_the_alarm_comes_after_a_host_that_has_reported(full: Recording) -> None:
    after = request(full, "MetricAlarm").dependencies
    assert [urn.rpartition("::")[0].rpartition(":")[2] for urn in after] == ["Group"]


@pytest.mark.parametrize(
    ("longest_job", "heartbeat"), [(None, 300), (3600, 300), (86400, 960), (2592000, 7200)]
)
def test_the_old_one_may_end_its_jobs(longest_job: int | None, heartbeat: int) -> None:
    recording = made({}, **({"maximum_timeout": longest_job} if longest_job else {}))
    drain = {
        "name": LIFECYCLE_HOOK,
        "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "heartbeatTimeout": heartbeat,
        "defaultResult": "CONTINUE",
    }
    assert inputs(recording, "LifecycleHook") == {"autoscalingGroupName": "build-0a1b2c3", **drain}
    # A host that gets ready after its group was given up has jobs too.
    assert inputs(recording, "Group")["initialLifecycleHooks"][1] == drain


def test_it_may_end_itself_in_its_own_group_alone(plain: Recording) -> None:
    (tag,) = (each for each in inputs(plain, "Group")["tags"] if each["key"] == "gitlab-runner-host")
    assert (tag["value"], tag["propagateAtLaunch"]) == (HOST, False)
    condition = statements(plain)["HostLifecycle"]["Condition"]
    assert condition == {"StringEquals": {"aws:ResourceTag/gitlab-runner-host": tag["value"]}}


@pytest.mark.parametrize(
    ("os", "instance_type", "image", "disk", "installer"),
    [
        (
            "amazon-linux-2023",
            "c7g.large",
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
            "/dev/xvda",
            "dnf",
        ),
        ("debian-12", "t3.large", "/aws/service/debian/release/12/latest/amd64", "/dev/xvda", "apt-get"),
        ("debian-12", "t4g.large", "/aws/service/debian/release/12/latest/arm64", "/dev/xvda", "apt-get"),
        (
            "ubuntu-24.04",
            "t3.large",
            "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
            "/dev/sda1",
            "apt-get",
        ),
    ],
)
def test_each_operating_system(os: str, instance_type: str, image: str, disk: str, installer: str) -> None:
    template = inputs(made({"os": os, "instance_type": instance_type}), "LaunchTemplate")
    assert template["imageId"] == f"resolve:ssm:{image}"
    assert [each["deviceName"] for each in template["blockDeviceMappings"]] == [disk]
    written = yaml.safe_load(decoded(template["userData"]))["write_files"]
    (packages,) = (each["content"] for each in written if each["path"].endswith("gitlab-runner-packages.sh"))
    assert f"|| {installer} " in packages


def test_the_journal_goes_to_a_log_group_of_its_own(full: Recording) -> None:
    assert inputs(full, "LogGroup") == {"name": HOST, "retentionInDays": 7}
    assert f"LOG_GROUP={HOST}\n" in files(full)["etc/gitlab-runner/reporting"]
    statement = statements(full)["HostLogs"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{HOST}:log-stream:*"]


def test_somebody_is_told_when_no_host_says_that_it_works(full: Recording) -> None:
    alarm = inputs(full, "MetricAlarm")
    assert (alarm["alarmActions"], alarm["okActions"]) == ([TOPIC], [TOPIC])
    # Of a host that is not there, nothing is heard either.
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    assert alarm["treatMissingData"] == "breaching"
    assert alarm["dimensions"] == {"Host": HOST}
    assert f"HEALTH_OF={HOST}\n" in files(full)["etc/gitlab-runner/reporting"]
    health = files(full)["usr/local/sbin/gitlab-runner-health"]
    assert f"--namespace {alarm['namespace']} " in health
    assert f'"MetricName={alarm["metricName"]},Value=1,' in health
    allowed = statements(full)["HostHealth"]["Condition"]["StringEquals"]
    assert allowed == {"cloudwatch:namespace": alarm["namespace"]}


def test_metrics_for_the_vpc(full: Recording) -> None:
    rule = inputs(full, "SecurityGroupIngressRule", "build-metrics")
    assert (rule["cidrIpv4"], rule["ipProtocol"]) == ("10.0.0.0/16", "tcp")
    assert (rule["fromPort"], rule["toPort"]) == (9252, 9252)
    assert 'listen_address = "0.0.0.0:9252"' in files(full)["etc/gitlab-runner/config.toml"]


def test_metrics_for_the_host_itself_open_nothing() -> None:
    recording = made({"metrics": "loopback"})
    assert "SecurityGroupIngressRule" not in kinds(recording)
    assert 'listen_address = "127.0.0.1:9252"' in files(recording)["etc/gitlab-runner/config.toml"]


def test_a_shell_by_way_of_systems_manager_and_nothing_more(full: Recording) -> None:
    (agent,) = statements(full)["SessionAgent"]["Action"]
    assert [agent, *statements(full)["SessionManager"]["Action"]] == [
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ]


def test_a_role_that_keeps_the_rules_of_its_account(full: Recording, plain: Recording) -> None:
    assert (inputs(full, "Role")["path"], inputs(full, "Role")["permissionsBoundary"]) == ("/ci/", BOUNDARY)
    assert inputs(full, "InstanceProfile")["path"] == "/ci/"
    assert "permissionsBoundary" not in inputs(plain, "Role")


@pytest.mark.parametrize("option", ["logs", "alarms", "metrics"])
def test_what_is_observed_needs_no_new_host(option: str, plain: Recording) -> None:
    changed = made({option: OPTIONS[option]})
    assert inputs(changed, "LaunchTemplate") == inputs(plain, "LaunchTemplate")


CHANGED: dict[str, Any] = OPTIONS | {
    "ami": "ami-0123456789abcdef0",
    "concurrent": 9,
    "config": {"log_level": "debug"},
    "disk_gb": 120,
    "egress": [{"cidr": "0.0.0.0/0", "from_port": 443}],
    "instance_type": "c7i.large",
    "job_networks": "100.64.0.0/16",
    "peer_networks": ["10.99.0.0/16"],
    "policies": [BOUNDARY],
    "runner_version": "19.2.0",
    "tags": {"team": "platform"},
    "user_namespaces": True,
}
"""A changed value of each option, apart from those that need another one too."""


@pytest.mark.parametrize("option", sorted(CHANGED))
def test_a_hosts_description_says_which_changes_need_a_new_one(option: str, plain: Recording) -> None:
    assert HostDeclaration.__doc__
    said, _, _ = HostDeclaration.__doc__.partition("needs a new host")
    changed = made({option: CHANGED[option]})
    needed = inputs(changed, "LaunchTemplate") != inputs(plain, "LaunchTemplate")
    assert (f"`{option}`" in said) is needed


def test_every_option_of_a_host_is_changed_here() -> None:
    assert {*CHANGED, "vpc", "subnets", "machine_image", "docker"} == set(fields_of(HostDeclaration))
