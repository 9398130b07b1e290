"""User data: what a fresh host needs to fetch everything else."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.host.files import HostParameters, files_as_json, host_files
from pulumi_gitlab_runner.host.scripts import script
from pulumi_gitlab_runner.host.user_data import user_data
from pulumi_gitlab_runner.spec import build_stack

from tests.spec.declaration import ENVIRONMENT

SETTINGS = {
    "bucket": "ci-0a1b2c3",
    "key": "build/files.json",
    "region": "eu-west-1",
    "tokens": "/gitlab-runner/sandbox/build/tokens",
    "runner_version": "19.3.0",
}


def parsed(**changes: str) -> dict[str, Any]:
    """User data, as cloud-init reads it."""
    loaded: dict[str, Any] = yaml.safe_load(user_data(**(SETTINGS | changes)))
    return loaded


@pytest.fixture
def written() -> dict[str, Any]:
    """The files that user data writes, by their path."""
    return {file["path"]: file for file in parsed()["write_files"]}


def test_cloud_init_knows_what_it_is() -> None:
    assert user_data(**SETTINGS).startswith("#cloud-config\n")
    assert list(parsed()) == ["write_files", "runcmd"]


def test_every_file_and_its_mode(written: dict[str, Any]) -> None:
    assert {path: file["permissions"] for path, file in written.items()} == {
        "/etc/gitlab-runner-host": "0600",
        "/etc/yum.repos.d/runner_gitlab-runner.repo": "0644",
        "/etc/systemd/system/gitlab-runner-apply.service": "0644",
        "/etc/systemd/system/gitlab-runner-apply.timer": "0644",
        "/usr/local/sbin/gitlab-runner-apply": "0755",
        "/usr/local/sbin/gitlab-runner-boot": "0755",
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/etc/yum.repos.d/runner_gitlab-runner.repo", "gitlab-runner.repo"),
        ("/etc/systemd/system/gitlab-runner-apply.service", "gitlab-runner-apply.service"),
        ("/etc/systemd/system/gitlab-runner-apply.timer", "gitlab-runner-apply.timer"),
        ("/usr/local/sbin/gitlab-runner-apply", "gitlab-runner-apply.sh"),
        ("/usr/local/sbin/gitlab-runner-boot", "gitlab-runner-boot.sh"),
    ],
)
def test_scripts_and_units_arrive_as_they_are(written: dict[str, Any], path: str, name: str) -> None:
    assert written[path]["content"] == script(name)


def test_the_host_runs_what_was_written(written: dict[str, Any]) -> None:
    (command,) = parsed()["runcmd"]
    assert command == ["/usr/local/sbin/gitlab-runner-boot"]
    assert command[0] in written
    boot = written["/usr/local/sbin/gitlab-runner-boot"]["content"]
    assert "/usr/local/sbin/gitlab-runner-apply\n" in boot
    assert ". /etc/gitlab-runner-host\n" in boot
    service = written["/etc/systemd/system/gitlab-runner-apply.service"]["content"]
    assert "ExecStart=/usr/local/sbin/gitlab-runner-apply\n" in service


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
    }


@settings(max_examples=20)
@given(st.text(st.characters(exclude_categories=["C"]), min_size=1))
def test_whatever_a_name_holds_is_no_command(name: str) -> None:
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
    stack = build_stack({"registries": registries, "runners": {"build": runner}})
    delivered = files_as_json(
        host_files(
            stack.managers["build"],
            stack.registries,
            ENVIRONMENT,
            HostParameters("/gitlab-runner/sandbox/build"),
            gitlab_url="https://gitlab.example.com",
        )
    )
    assert delivered.count("registry-199.") == 2
    # EC2's limit, before it is encoded. What grows with the declaration lies in S3.
    assert len(user_data(**SETTINGS).encode()) < 16 * 1024
    assert "registry-199." not in user_data(**SETTINGS)
