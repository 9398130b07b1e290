"""The options of a host: the resources that each creates, and the permissions that it gives the host."""

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


def record_host(host: dict[str, Any], **runner: Any) -> Recording:
    """Record a `RunnerHost` with these options."""
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
    """The registration request of the one resource of a kind and a name, which has its options."""
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
    """The texts of the host's files, by their path."""
    content = json.loads(inputs(recording, "BucketObjectv2", "build-files")["content"])
    return {path: file["content"] for path, file in content.items()}


@pytest.fixture(scope="module")
def plain() -> Recording:
    return record_host({})


@pytest.fixture(scope="module")
def full() -> Recording:
    return record_host(OPTIONS)


def test_a_host_without_options_has_no_log_group_no_alarm_and_no_ingress(plain: Recording) -> None:
    assert kinds(plain).isdisjoint({"LogGroup", "MetricAlarm", "SecurityGroupIngressRule"})
    expected = {"HostFiles", "HostParameters", "HostLifecycle", "HostGroup"}
    assert set(statements(plain)) == expected
    assert files(plain)["etc/gitlab-runner/reporting"] == "LOG_GROUP=''\nHEALTH_OF=''\nMETRICS_PORT=''\n"
    assert "listen_address" not in files(plain)["etc/gitlab-runner/config.toml"]


def test_all_resources_are_children_of_the_host(full: Recording) -> None:
    assert {"LogGroup", "MetricAlarm", "SecurityGroupIngressRule", "LifecycleHook"} <= kinds(full)
    resources = [
        each
        for (kind, _), each in full.registered.items()
        if kind.startswith("aws:") and not kind.startswith("aws:iam/")
    ]
    assert {each.parent.rpartition("::")[0].rpartition(":")[2] for each in resources} == {"RunnerHost"}


def test_a_new_host_starts_before_the_old_one_ends(plain: Recording) -> None:
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
    """The first host too. A provider that cancels a refresh waits 900 seconds for launched instances."""
    first, _ = inputs(plain, "Group")["initialLifecycleHooks"]
    assert first == LAUNCH
    hook = inputs(plain, "LifecycleHook", "build-boot")
    assert hook == {**LAUNCH, "autoscalingGroupName": "build-0a1b2c3"}
    # A group of an earlier version has no initial hook, and stays.
    assert request(plain, "Group").ignoreChanges == ["initialLifecycleHooks"]


def test_a_group_whose_host_was_not_ready_is_replaced(plain: Recording) -> None:
    assert request(plain, "Group").replaceOnChanges == ["#initerror"]


def test_a_zone_without_capacity_is_not_an_error(plain: Recording) -> None:
    group = inputs(plain, "Group")
    assert (group["ignoreFailedScalingActivities"], group["waitForCapacityTimeout"]) == (True, "1200s")


def test_a_new_role_or_network_replaces_the_group(plain: Recording) -> None:
    group = request(plain, "Group")
    trigger = [each.string_value for each in group.replacement_trigger.list_value.values]
    assert trigger == [f"arn:aws:iam::{ACCOUNT}:instance-profile/build-0a1b2c3", "build-id"]
    dependencies = {urn.rpartition("::")[0].rpartition(":")[2] for urn in group.dependencies}
    assert {"InstanceProfile", "RolePolicy", "SecurityGroup", "SecurityGroupEgressRule"} <= dependencies
    assert group.customTimeouts.delete == "9000s"  # two hours of jobs, and a margin
    assert not group.deleteBeforeReplace


def test_the_alarm_is_created_after_a_host_has_reported(full: Recording) -> None:
    dependencies = request(full, "MetricAlarm").dependencies
    assert [urn.rpartition("::")[0].rpartition(":")[2] for urn in dependencies] == ["Group"]


@pytest.mark.parametrize(
    ("longest_job", "heartbeat"), [(None, 300), (3600, 300), (86400, 960), (2592000, 7200)]
)
def test_a_replaced_host_may_finish_its_jobs(longest_job: int | None, heartbeat: int) -> None:
    recording = record_host({}, **({"maximum_timeout": longest_job} if longest_job else {}))
    drain = {
        "name": LIFECYCLE_HOOK,
        "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "heartbeatTimeout": heartbeat,
        "defaultResult": "CONTINUE",
    }
    assert inputs(recording, "LifecycleHook") == {"autoscalingGroupName": "build-0a1b2c3", **drain}
    # A host that becomes ready after the creation of its group has failed has jobs too.
    assert inputs(recording, "Group")["initialLifecycleHooks"][1] == drain


def test_a_host_may_end_itself_only_in_its_own_group(plain: Recording) -> None:
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
    template = inputs(record_host({"os": os, "instance_type": instance_type}), "LaunchTemplate")
    assert template["imageId"] == f"resolve:ssm:{image}"
    assert [each["deviceName"] for each in template["blockDeviceMappings"]] == [disk]
    write_files = yaml.safe_load(decoded(template["userData"]))["write_files"]
    (packages,) = (
        each["content"] for each in write_files if each["path"].endswith("gitlab-runner-packages.sh")
    )
    assert f"|| {installer} " in packages


def test_the_journal_is_written_to_the_log_group_of_the_host(full: Recording) -> None:
    assert inputs(full, "LogGroup") == {"name": HOST, "retentionInDays": 7}
    assert f"LOG_GROUP={HOST}\n" in files(full)["etc/gitlab-runner/reporting"]
    statement = statements(full)["HostLogs"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{HOST}:log-stream:*"]


def test_an_alarm_notifies_the_topic_when_no_host_reports_its_health(full: Recording) -> None:
    alarm = inputs(full, "MetricAlarm")
    assert (alarm["alarmActions"], alarm["okActions"]) == ([TOPIC], [TOPIC])
    # A host that does not exist sends no metric either.
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


def test_metrics_for_the_host_itself_open_no_port() -> None:
    recording = record_host({"metrics": "loopback"})
    assert "SecurityGroupIngressRule" not in kinds(recording)
    assert 'listen_address = "127.0.0.1:9252"' in files(recording)["etc/gitlab-runner/config.toml"]


def test_session_manager_allows_a_shell_and_nothing_else(full: Recording) -> None:
    (agent,) = statements(full)["SessionAgent"]["Action"]
    assert [agent, *statements(full)["SessionManager"]["Action"]] == [
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ]


def test_a_role_has_the_declared_path_and_permissions_boundary(full: Recording, plain: Recording) -> None:
    assert (inputs(full, "Role")["path"], inputs(full, "Role")["permissionsBoundary"]) == ("/ci/", BOUNDARY)
    assert inputs(full, "InstanceProfile")["path"] == "/ci/"
    assert "permissionsBoundary" not in inputs(plain, "Role")


@pytest.mark.parametrize("option", ["logs", "alarms", "metrics"])
def test_options_for_observation_need_no_new_host(option: str, plain: Recording) -> None:
    changed = record_host({option: OPTIONS[option]})
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
"""A changed value of each option, except those that require another option."""


@pytest.mark.parametrize("option", sorted(CHANGED))
def test_the_docstring_of_hosts_lists_the_options_that_need_a_new_host(option: str, plain: Recording) -> None:
    assert HostDeclaration.__doc__
    listed, _, _ = HostDeclaration.__doc__.partition("needs a new host")
    changed = record_host({option: CHANGED[option]})
    needs_new_host = inputs(changed, "LaunchTemplate") != inputs(plain, "LaunchTemplate")
    assert (f"`{option}`" in listed) is needs_new_host


def test_every_option_of_a_host_has_a_changed_value() -> None:
    assert {*CHANGED, "vpc", "subnets", "machine_image", "docker"} == set(fields_of(HostDeclaration))
