"""Live hosts: examined on their instance by Run Command, which the sandbox runs in a rendered tree."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from pulumi_gitlab_runner.auth.registry_list import ECR_HELPER
from pulumi_gitlab_runner.config.schema import KEYS
from pulumi_gitlab_runner.config.toml_table import name_in_file
from pulumi_gitlab_runner.doctor.docker_engine import Engine, engine_of
from pulumi_gitlab_runner.doctor.host_files import FilesOnDisk
from pulumi_gitlab_runner.doctor.host_report import examine_host
from pulumi_gitlab_runner.doctor.live import on_host
from pulumi_gitlab_runner.doctor.live.runner import GatheredFiles
from pulumi_gitlab_runner.doctor.manager_process import manager_process
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
    """The same, with the files of the tree."""
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


def test_a_host_that_nobody_may_enter(doctor: Doctor, instance: str, live: tuple[str, ...]) -> None:
    stack = Path(live[-1]) / "Pulumi.prod.yaml"
    stack.write_text(STACK.replace("ENTERED", "false"))
    assert doctor.run("host", *live) == 2
    assert "session_manager: true" in doctor.errors


def test_an_instance_that_is_not_connected(doctor: Doctor, instance: str, live: tuple[str, ...]) -> None:
    root = HOSTS.pop(instance)
    assert doctor.run("host", *live) == 2
    assert f"Systems Manager does not reach {instance}: " in doctor.errors
    assert doctor.errors.count("\n") == 1
    HOSTS[instance] = root


def test_live_and_declared_without_the_other(doctor: Doctor) -> None:
    assert doctor.run("host", "--live") == 2
    assert doctor.run("host", "--stack", "prod") == 2
    assert "add --live" in doctor.errors


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"auths": {"h": {"auth": encoded("u", "canary"), "password": "canary"}}, "a": ["canary"]}),
        '{"auths": {"h": {"identitytoken": "canary", "pass": "canary", "username": "canary"}}}',
        '{"auth": {"h": "canary"}, "proxies": {"default": {"httpProxy": "http://u:canary@p"}}}',
        '["canary"]',
        '{"auths": {"h": {"auth": "canary"',
        '"canary"',
    ],
)
def test_no_secret_of_a_docker_configuration_leaves_the_host(text: str) -> None:
    hidden = on_host.hidden_docker_config(text)
    assert "canary" not in hidden
    assert encoded("u", "canary") not in hidden


def test_no_secret_of_a_config_toml_leaves_the_host() -> None:
    config = """
concurrent = 4 # canary
[[runners]]
  name = "build"
  token = "canary"
  environment = ["A=canary", 'B=canary', 'DOCKER_AUTH_CONFIG={"auths": {"h": {"password": "canary"}}}']
  [runners.cache.s3]
    SecretKey = 'canary'
"""
    hidden = on_host.hidden_toml(config)
    assert hidden
    assert "canary" not in hidden
    assert 'name = "build"' in hidden
    assert "concurrent = 4" in hidden
    assert on_host.hidden_toml('token = """canary"""') is None


def test_a_key_whose_values_have_a_grammar_is_not_hidden() -> None:
    """With another value, the doctor would find the key wrong."""
    names = [
        name_in_file(table, field)
        for table, keys in KEYS.items()
        for field, key in keys.items()
        if key.allowed or key.form
    ]
    assert {"AuthenticationType", "key_path"} <= set(names)
    config = "".join(f'{name} = "a-value"\n' for name in names)
    assert on_host.hidden_toml(config) == config


def test_no_variable_of_a_unit_leaves_the_host_but_a_few() -> None:
    unit = '[Service]\nEnvironment=HOME=/root TOKEN=canary "A=canary b"\nEnvironment=PATH=/usr/bin\n'
    assert on_host.hidden_unit(unit) == "[Service]\nEnvironment=HOME=/root\nEnvironment=PATH=/usr/bin\n"


def installed(directory: Path, monkeypatch: pytest.MonkeyPatch, **commands: str) -> None:
    """Put commands on the PATH of the host."""
    for name, lines in commands.items():
        command = directory / name
        command.write_text(f"#!/bin/sh\n{lines}\n")
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    monkeypatch.setattr(on_host, "ROOT", "/")


DOCKER = """
case "$1 $2" in
"info --format") echo '{"ServerVersion": "27.5.1", "HttpProxy": "http://me:canary@proxy"}' ;;
"network ls") echo a; echo b ;;
"network inspect") echo '[{"Name": "canary", "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}}]' ;;
esac
"""


def test_what_the_docker_engine_says_on_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, docker=DOCKER)
    found = on_host.engine()
    assert found is not None
    assert "canary" not in json.dumps(found)
    assert engine_of(found["info"], found["networks"]) == Engine("27.5.1", 30, 31)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("echo cannot connect >&2; exit 1", "cannot connect"),
        ("echo no", "does not answer"),
        ("exit 3", "say why"),
    ],
)
def test_a_docker_engine_that_does_not_answer_on_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, problem: str
) -> None:
    installed(tmp_path, monkeypatch, docker=lines)
    assert problem in (on_host.engine() or {})["problem"]


def test_who_the_host_is_in_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, aws='echo "{\\"Arn\\": \\"arn:of:$*\\"}"')
    assert str((on_host.identity("eu-west-1") or {})["arn"]).endswith("--region eu-west-1")
    installed(tmp_path, monkeypatch, aws="echo no credentials >&2; exit 255")
    assert on_host.identity("") == {"problem": "no credentials"}


def test_a_live_host_is_examined_with_what_was_said_there(host: HostTree) -> None:
    host.write("etc/gitlab-runner/registries", f"123.dkr.ecr.eu-west-1.amazonaws.com helper {ECR_HELPER}\n")
    runner = runner_on_disk(host.root, None, None)
    text = FilesOnDisk(host.root).read(REGISTRIES).text
    files = GatheredFiles(
        {REGISTRIES: {"text": text, "mode": 0o600}},
        {"problem": "cannot connect"},
        {"problem": "no credentials"},
    )
    process = manager_process(files)
    found = examine_host(runner, files, process)
    assert {"docker-unreachable", "aws-identity"} <= {str(each.name) for each in found.findings}
    files = GatheredFiles(
        files.files, {"info": {"ServerVersion": "27.5.1"}, "networks": []}, {"arn": "arn:of"}
    )
    facts = dict(examine_host(runner, files, process).facts)
    assert (facts["docker"], facts["AWS identity"]) == ("27.5.1, room for 31 of 31 networks", "arn:of")
