"""The platform that a job asks for, and the architecture of the runner's machines."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.doctor import runner_host
from pulumi_gitlab_runner.doctor.runner_host import runner_on_disk

from tests.doctor.host_tree import Doctor, HostTree

NAME = "platform"
ARM = {"host": {"instance_type": "m7g.large"}}


def fleet(instance_type: str, **more: Any) -> dict[str, Any]:
    return {"fleet": {"max_instances": 2, "instance_types": [instance_type], **more}}


@pytest.fixture(name="found")
def _found(doctor: Doctor, tmp_path: Path) -> Any:
    """The findings about platforms of a job on a runner of a stack, by image."""

    def found(runner: dict[str, Any], **job: Any) -> dict[str, str]:
        declared = {"runners": {"build": {"group": 42, **runner}}}
        config = {"aws:region": "eu-west-1", "gitlab-runner:stack": declared}
        (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))
        file = tmp_path / ".gitlab-ci.yml"
        file.write_text(yaml.safe_dump({"test": {"script": ["x"], **job}}))
        stack = ("--stack", "prod", "--stacks-dir", str(tmp_path), "--account", "123456789012")
        findings = doctor.json("job", str(file), *stack, "--offline")["findings"]
        return {each["where"]: each["what"] for each in findings if each["name"] == NAME}

    return found


def image(platform: str) -> dict[str, Any]:
    return {"name": "ruby:3", "docker": {"platform": platform}}


@pytest.mark.parametrize(
    ("runner", "platform", "machine"),
    [
        ({"host": {}}, "linux/arm64", "linux/amd64"),
        ({"host": {}}, "linux/amd64", None),
        (ARM, "linux/amd64", "linux/arm64"),
        (ARM, "arm64/v8", None),
        (ARM, "$PLATFORM", "linux/arm64"),
        (ARM, "$GONE", None),
        (fleet("c7g.large"), "linux/amd64", "linux/arm64"),
        (fleet("c7i.large", manager={"instance_type": "t4g.small"}), "amd64", None),
        ({"host": {"ami": "ami-12345678"}}, "linux/arm64", None),
        (fleet("c7g.large", ami="ami-12345678"), "amd64", None),
        ({"host": {"docker": {"image": "manager:1", "aws_credentials": {"directory": "/a"}}}}, "s390x", None),
    ],
)
def test_an_image_of_a_stack(found: Any, runner: dict[str, Any], platform: str, machine: str | None) -> None:
    findings = found(runner, image=image(platform), variables={"PLATFORM": "linux/amd64"})
    asked = platform.replace("$PLATFORM", "linux/amd64")
    assert findings == (
        {"ruby:3": f"the job asks for {asked}, and the runner's jobs run on {machine}"} if machine else {}
    )


def test_the_image_and_its_services_have_their_own_platforms(found: Any) -> None:
    services = ["postgres:17", {"name": "redis:7", "docker": {"platform": "linux/arm64"}}]
    assert found({"host": {}}, image="ruby:3", services=services).keys() == {"redis:7"}
    both = [image("linux/amd64"), image("linux/arm64")]
    assert found({"host": {}}, image=both[0], services=[both[1]]).keys() == {"ruby:3"}


@pytest.mark.parametrize(
    ("executor", "docker", "emulator", "known"),
    [
        ("docker", {}, "", True),
        ("docker", {"host": "tcp://other:2376"}, "", False),
        ("docker-autoscaler", {}, "", False),
        ("docker", {}, "qemu-aarch64", False),
        ("docker", {}, "python3.11", True),
    ],
)
def test_the_architecture_of_this_host(
    host: HostTree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    executor: str,
    docker: dict[str, str],
    emulator: str,
    known: bool,
) -> None:
    (tmp_path / "emulators").mkdir()
    if emulator:
        (tmp_path / "emulators" / emulator).touch()
    monkeypatch.setattr(runner_host, "_EMULATORS", tmp_path / "emulators")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    settings = {"executor": executor, "docker": docker}
    assert runner_host._own_architecture(settings) == ("riscv64" if known else None)
    host.runner()
    assert runner_on_disk(host.root, None, None).architecture is None
