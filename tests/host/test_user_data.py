"""User data: the files that a fresh host needs to fetch all others."""

import base64
import gzip
import random
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.host.files import files_as_json, host_files
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.host.scripts import script
from pulumi_gitlab_runner.host.user_data import (
    INSTALLER,
    encoded,
    sized_user_data,
    user_data,
    without_comments,
)
from pulumi_gitlab_runner.spec import DeclarationError, parse_stack
from pulumi_gitlab_runner.spec.operating_systems import (
    AMAZON_LINUX_2023,
    DEBIAN_12,
    OPERATING_SYSTEMS,
    UBUNTU_24_04,
    OperatingSystem,
)

from tests.spec.declaration import ENVIRONMENT

SETTINGS = {
    "bucket": "ci-0a1b2c3",
    "key": "build/files.json",
    "region": "eu-west-1",
    "tokens": "/gitlab-runner/sandbox/build/tokens",
    "runner_version": "19.3.0",
}


ANY_SYSTEM = pytest.mark.parametrize("system", OPERATING_SYSTEMS.values(), ids=OPERATING_SYSTEMS)


def parsed(system: OperatingSystem = AMAZON_LINUX_2023, **changes: str) -> dict[str, Any]:
    """User data, as cloud-init reads it."""
    loaded: dict[str, Any] = yaml.safe_load(user_data(**(SETTINGS | changes), operating_system=system))
    return loaded


def contents(system: OperatingSystem) -> dict[str, str]:
    """The content of each file that user data writes, by its path."""
    return {file["path"]: file["content"] for file in parsed(system)["write_files"]}


@pytest.fixture
def written() -> dict[str, Any]:
    """The files that user data writes, by their path."""
    return {file["path"]: file for file in parsed()["write_files"]}


def test_it_starts_with_the_header_of_cloud_config() -> None:
    assert user_data(**SETTINGS).startswith(
        "#cloud-config\nwrite_files:\n- path: /etc/gitlab-runner-host\n  permissions: '0600'\n  content: |\n"
    )
    assert list(parsed()) == ["write_files", "runcmd"]


@ANY_SYSTEM
def test_it_has_the_form_that_cloud_init_accepts(system: OperatingSystem) -> None:
    """cloud-init: config/schemas/schema-cloud-config-v1.json, cc_write_files and cc_runcmd."""
    data = parsed(system)
    assert set(data) == {"write_files", "runcmd"}
    for file in data["write_files"]:
        assert set(file) == {"path", "permissions", "content"}
        assert all(isinstance(value, str) for value in file.values())
        assert re.fullmatch("0[0-7]{3}", file["permissions"])
    assert data["runcmd"]
    assert all(isinstance(word, str) for command in data["runcmd"] for word in command)


@ANY_SYSTEM
def test_every_script_can_be_read(system: OperatingSystem) -> None:
    text = user_data(**SETTINGS, operating_system=system)
    assert len(re.findall(r"(?m)^  content: \|$", text)) == text.count("content: ")
    assert {f"    {line}".rstrip() for line in contents(system)[INSTALLER].splitlines()} <= set(
        text.splitlines()
    )


def test_every_file_and_its_mode(written: dict[str, Any]) -> None:
    assert {path: file["permissions"] for path, file in written.items()} == {
        "/etc/gitlab-runner-host": "0600",
        "/etc/yum.repos.d/runner_gitlab-runner.repo": "0644",
        "/usr/local/lib/gitlab-runner-host.sh": "0644",
        "/usr/local/lib/gitlab-runner-packages.sh": "0644",
        "/usr/local/sbin/gitlab-runner-apply": "0755",
        "/usr/local/sbin/gitlab-runner-boot": "0755",
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/etc/yum.repos.d/runner_gitlab-runner.repo", "gitlab-runner.repo"),
        ("/usr/local/lib/gitlab-runner-host.sh", "gitlab-runner-host.sh"),
        ("/usr/local/lib/gitlab-runner-packages.sh", "gitlab-runner-packages-dnf.sh"),
        ("/usr/local/sbin/gitlab-runner-apply", "gitlab-runner-apply.sh"),
        ("/usr/local/sbin/gitlab-runner-boot", "gitlab-runner-boot.sh"),
    ],
)
def test_scripts_arrive_without_their_comments(written: dict[str, Any], path: str, name: str) -> None:
    """EC2 accepts 16 KB."""
    text = script(name).splitlines()
    kept = [line for number, line in enumerate(text) if not number or not line.lstrip().startswith("#")]
    assert written[path]["content"].splitlines() == kept


@ANY_SYSTEM
def test_scripts_without_comments_are_valid(system: OperatingSystem) -> None:
    for path, content in contents(system).items():
        if content.startswith("#!"):
            shell = subprocess.run(["sh", "-n"], input=content, text=True, capture_output=True, check=False)
            assert (path, shell.stderr, shell.returncode) == (path, "", 0)


@pytest.mark.parametrize("system", [DEBIAN_12, UBUNTU_24_04], ids=lambda system: system.name)
def test_debian_and_ubuntu_install_with_apt(system: OperatingSystem) -> None:
    files = contents(system)
    installer = without_comments(script("gitlab-runner-packages-apt.sh"))
    assert files["/usr/local/lib/gitlab-runner-packages.sh"] == installer
    assert not any("yum" in path for path in files)


def test_ubuntu_gets_the_key_that_verifies_the_aws_cli() -> None:
    assert contents(UBUNTU_24_04)["/usr/local/lib/aws-cli.asc"] == script("aws-cli.asc")
    assert "/usr/local/lib/aws-cli.asc" in without_comments(script("gitlab-runner-packages-apt.sh"))


@ANY_SYSTEM
def test_every_sourced_file_exists(system: OperatingSystem) -> None:
    files = contents(system)
    sourced = {
        path
        for content in files.values()
        for path in re.findall(r"^\. (?:\"\$\{\w+:-)?(/[^}\"\n]+)", content, re.M)
    }
    assert {"/etc/gitlab-runner-host", "/usr/local/lib/gitlab-runner-packages.sh"} <= sourced
    assert sourced - set(files) <= {"/etc/os-release"}


def test_the_host_runs_a_written_file(written: dict[str, Any]) -> None:
    (command,) = parsed()["runcmd"]
    assert command == ["/usr/local/sbin/gitlab-runner-boot"]
    assert command[0] in written


def settings_in(loaded: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The host's settings, read as a shell reads them."""
    (content,) = (
        file["content"] for file in loaded["write_files"] if file["path"] == "/etc/gitlab-runner-host"
    )
    for word in shlex.split(content):
        name, _, value = word.partition("=")
        yield name, value


def test_the_hosts_settings() -> None:
    assert dict(settings_in(parsed())) == {
        "BUCKET": "ci-0a1b2c3",
        "KEY": "build/files.json",
        "REGION": "eu-west-1",
        "TOKENS": "/gitlab-runner/sandbox/build/tokens",
        "RUNNER_VERSION": "19.3.0",
        "LAUNCH_HOOK": "gitlab-runner-boot",
        "LIFECYCLE_HOOK": "gitlab-runner-drain",
    }


@settings(max_examples=20)
@given(st.text(st.characters(exclude_categories=["C"]), min_size=1))
def test_no_name_is_run_as_a_command(name: str) -> None:
    assert dict(settings_in(parsed(tokens=name)))["TOKENS"] == name


def test_two_hundred_registries_fit() -> None:
    registries = {
        f"registry-{number}": {
            "host": f"registry-{number}.a-rather-long-name-of-a-company.example.com:5000",
            "static": {"username": "user", "password": "password"},
        }
        for number in range(200)
    }
    runner = {"group": 42, "registries": list(registries), "host": {}}
    stack = parse_stack({"registries": registries, "runners": {"build": runner}})
    manager, gitlab_url = stack.managers["build"], "https://gitlab.example.com"
    inputs = ManagerInputs(manager, stack.registries, ENVIRONMENT, gitlab_url)
    delivered = files_as_json(host_files(inputs, HostParameters("/gitlab-runner/sandbox/build")))
    assert delivered.count("registry-199.") == 1
    # EC2's limit, before it is encoded as base64. Content that grows with the declaration is in S3.
    for system in OPERATING_SYSTEMS.values():
        text = user_data(**SETTINGS, operating_system=system)
        assert len(base64.b64decode(encoded(text))) < 16 * 1024
        assert "registry-199." not in text


def test_only_long_user_data_are_compressed() -> None:
    """docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html: 16 KB, before it is encoded."""
    assert base64.b64decode(encoded("x" * 16_384)) == b"x" * 16_384
    packed = base64.b64decode(encoded("x" * 16_385))
    assert gzip.decompress(packed) == b"x" * 16_385
    assert packed[4:8] == bytes(4)  # no time, so that it stays the same
    assert packed[9] == 255  # and no operating system: RFC 1952, OS


@pytest.mark.parametrize(("size", "fits"), [(16_384, True), (16_385, True), (60_000, False)])
def test_the_size_of_user_data(size: int, fits: bool) -> None:
    text = random.Random(1).randbytes(30_000).hex()[:size]  # noqa: S311 - what cannot be packed well
    if fits:
        assert sized_user_data(text, "stack.runners.build.host") == text
    else:
        with pytest.raises(DeclarationError) as refused:
            sized_user_data(text, "stack.runners.build.host")
        assert "stack.runners.build.host\n  found:   " in str(refused.value)
        assert " bytes of user data\n  allowed: 16,384, as EC2 has it\n" in str(refused.value)
