"""Live hosts: examined on their instance by Run Command, which the sandbox runs in a rendered tree."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from pulumi_gitlab_runner.auth.registry_list import ECR_HELPER
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.host_files import FilesOnDisk
from pulumi_gitlab_runner.doctor.host_report import examine_host
from pulumi_gitlab_runner.doctor.image_report import UsedImage, examine
from pulumi_gitlab_runner.doctor.job_variables import JobVariables
from pulumi_gitlab_runner.doctor.live.runner import GatheredFiles, asks_ecr, live_runner
from pulumi_gitlab_runner.doctor.manager_process import manager_process
from pulumi_gitlab_runner.doctor.pull_rights import EcrRepository
from pulumi_gitlab_runner.doctor.runner_host import REGISTRIES, runner_on_disk
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG

from sandbox.services.aws.server import AwsServer
from sandbox.services.aws.systems_manager import HOSTS
from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor, HostTree

REGION = "eu-west-1"
KEY = "registry.example.com"
STACK = """
config:
  aws:region: eu-west-1
  gitlab:baseUrl: https://gitlab.example.com/api/v4/
  gitlab-runner:stack:
    registries: {team: {host: registry.example.com, helper: /usr/bin/docker-credential-x}}
    runners: {build: {group: 42, registries: [team], host: {session_manager: ENTERED}}}
"""


@pytest.fixture(scope="module")
def _instance() -> Iterator[str]:
    """An instance in the group of the stack's host."""
    with AwsServer() as aws, pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }.items():
            patch.setenv(name, value)
        group = {"MinSize": 1, "MaxSize": 1, "DesiredCapacity": 1}
        image = "ami-12c6146b"  # one that moto has
        autoscaling = boto3.client("autoscaling")
        autoscaling.create_launch_configuration(
            LaunchConfigurationName="build", ImageId=image, InstanceType="t3.large"
        )
        tag = {"Key": HOST_TAG, "Value": "/gitlab-runner/prod/build", "PropagateAtLaunch": False}
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName="build-1",
            LaunchConfigurationName="build",
            AvailabilityZones=[f"{REGION}a"],
            Tags=[tag],
            **group,
        )
        (found,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["build-1"])[
            "AutoScalingGroups"
        ]
        number: str = found["Instances"][0]["InstanceId"]
        yield number


@pytest.fixture
def instance(_instance: str, host: HostTree) -> Iterator[str]:
    """The instance, with the files of the tree."""
    HOSTS[_instance] = host.root
    yield _instance
    del HOSTS[_instance]


@pytest.fixture
def live(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(STACK.replace("ENTERED", "true"))
    place = str(tmp_path / "stacks")
    return (
        "--stack",
        "prod",
        "--runner",
        "build",
        "--live",
        "--account",
        "123456789012",
        "--stacks-dir",
        place,
    )


def findings(found: Any) -> list[str]:
    return [each["name"] for each in found["findings"]]


def test_a_live_host_gets_the_report_of_its_tree(
    doctor: Doctor, host: HostTree, instance: str, live: tuple[str, ...]
) -> None:
    host.write(
        "root/.docker/config.json", json.dumps({"credHelpers": {KEY: "runner", "other.example.com": "x"}})
    )
    host.helper("runner", {KEY: "canary-4711"})
    there = doctor.json("host", "--root", str(host.root))
    here = doctor.json("host", *live)
    assert findings(here) == findings(there) == ["helper-missing"]
    shown = doctor.run("host", *live)
    assert shown == 1
    assert f"build of the stack prod, on {instance}" in doctor.output
    assert f"{KEY}  docker-credential-runner answers" in doctor.output


def test_an_image_on_a_live_host(
    doctor: Doctor, host: HostTree, instance: str, live: tuple[str, ...]
) -> None:
    password = encoded("me", "canary-4711\n")
    host.write("root/.docker/config.json", json.dumps({"auths": {KEY: {"auth": password}}}), 0o644)
    found = doctor.json("image", f"{KEY}/app:1", *live)
    (image,) = found["images"]
    assert (image["runner"]["user"], findings(found)) == ("me", ["white-space"])
    assert image["registry"]["outcome"] == "not asked"  # only the host has the password
    assert "file-mode" in findings(doctor.json("host", *live))


def test_a_host_without_session_manager(doctor: Doctor, instance: str, live: tuple[str, ...]) -> None:
    stack = Path(live[-1]) / "Pulumi.prod.yaml"
    stack.write_text(STACK.replace("ENTERED", "false"))
    assert doctor.run("host", *live) == 2
    assert "session_manager: true" in doctor.errors


def test_an_instance_that_is_not_connected(doctor: Doctor, instance: str, live: tuple[str, ...]) -> None:
    root = HOSTS.pop(instance)
    assert doctor.run("host", *live) == 2
    assert f"Run Command on {instance} fails: " in doctor.errors
    assert doctor.errors.count("\n") == 1
    HOSTS[instance] = root


def test_live_and_declared_without_the_other(doctor: Doctor) -> None:
    assert doctor.run("host", "--live") == 2
    assert doctor.run("host", "--stack", "prod") == 2
    assert "add --live" in doctor.errors


def test_a_live_host_is_examined_with_the_answers_gathered_there(host: HostTree) -> None:
    registries = (
        *(
            "a helper /bin/other",
            f"b helper {ECR_HELPER}",
            "c parameter eu-west-1 /c",
            "d secret eu-west-1 arn",
        ),
        "e file /e",
    )
    host.write("etc/gitlab-runner/registries", "".join(f"{each}\n" for each in registries))
    runner = runner_on_disk(host.root, None, None)
    text = FilesOnDisk(host.root).read(REGISTRIES).text
    files = GatheredFiles(
        {REGISTRIES: {"text": text, "mode": 0o600}},
        {"problem": "cannot connect"},
        {"problem": "no credentials"},
    )
    process = manager_process(files)
    found = examine_host(replace(runner, files=files, process=process))
    why = {str(each.name): each.why for each in found.findings}
    assert {"docker-unreachable", "aws-identity"} <= why.keys()
    assert why["aws-identity"] == "AWS returns no credentials for b, c, d"
    files = GatheredFiles(
        files.files, {"info": {"ServerVersion": "27.5.1"}, "networks": []}, {"arn": "arn:of"}
    )
    facts = dict(examine_host(replace(runner, files=files, process=process)).facts)
    assert (facts["docker"], facts["AWS identity"]) == ("27.5.1, 31 of 31 networks available", "arn:of")


class Answering:
    """A live host with these files, whose helpers give this answer."""

    def __init__(self, files: dict[str, Any], answer: dict[str, Any]) -> None:
        self.files = files
        self.answer = answer
        self.asked: list[Any] = []

    def run(self, request: Any) -> Any:
        self.asked.append(request)
        return self.answer if request else {"files": self.files, "version": "Version: 18.11.0"}


LIVE_FILES = {
    "/etc/gitlab-runner/config.toml": {"mode": 0o600, "text": '[[runners]]\nname = "build"\n'},
    "/root/.docker/config.json": {"mode": 0o600, "text": json.dumps({"credHelpers": {KEY: "x"}})},
}


@pytest.mark.parametrize(
    ("answer", "user", "finding"),
    [
        ({"status": 0, "output": '{"Username": "me", "Secret": "s"}', "errors": ""}, "me", None),
        ({"late": True}, None, "helper-hangs"),
        ({"missing": True}, None, "helper-missing"),
        ({"problem": "exec format error"}, None, "helper-fails"),
    ],
)
def test_a_helper_of_a_live_host_runs_on_that_host(
    answer: dict[str, Any], user: str | None, finding: str | None
) -> None:
    machine = Answering(LIVE_FILES, answer)
    runner = live_runner(machine.run, "there", "build", None)
    assert (runner.name, runner.runner_version, runner.settings["name"]) == ("there", "18.11.0", "build")
    assert live_runner(machine.run, "there", "build", "19.1.0").runner_version == "19.1.0"
    (report,) = examine([UsedImage(f"{KEY}/app:1", (), JobVariables())], runner, None)
    used = report.runner.credentials
    assert (used.username if used else None) == user
    assert [each.name for each in report.findings] == ([finding] if finding else [])
    asked = {"program": "docker-credential-x", "action": "get", "server": KEY}
    environment = {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"}
    assert [each for each in machine.asked if each] == [{**asked, "environment": environment}]
    assert report.docker is not None  # root's `docker pull` there
    assert report.docker.credentials == used


@pytest.mark.parametrize("allowed", [True, False, None])
def test_ecr_is_asked_once_for_each_repository(allowed: bool | None) -> None:
    machine = Answering({}, {} if allowed is None else {"allowed": allowed})
    ask = asks_ecr(machine.run)
    repository = EcrRepository("123456789012", REGION, "ci/base")
    assert [ask(repository), ask(repository)] == [allowed, allowed]
    assert machine.asked == [{"repository": {"account": "123456789012", "region": REGION, "name": "ci/base"}}]


def test_a_live_host_without_a_runner() -> None:
    with pytest.raises(UsageError, match=r"^no runner is found on there$"):
        live_runner(Answering({}, {}).run, "there", "build", None)
