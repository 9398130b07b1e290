"""The host on which the doctor runs: its programs are asked too, and its user's own `docker pull`."""

import json
import subprocess
from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor.host_files import FilesOnDisk

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import Doctor, HostTree

KEY = "registry.example.com"
IMAGE = f"{KEY}/app:1"
CONFIG = json.dumps({"auths": {KEY: {"auth": encoded("alice", "canary")}}})
REGISTRIES = f"{KEY} parameter eu-west-1 /a\nother.example.com helper /usr/bin/docker-credential-x\n"


class ThisHost:
    """A tree that the doctor examines as the root of the machine, and programs of the machine."""

    def __init__(self, host: HostTree, programs: Path) -> None:
        self.tree = host
        self.programs = programs
        host.write("etc/gitlab-runner/registries", REGISTRIES)
        host.runner(host="tcp://docker.example.com")
        host.write(
            "etc/systemd/system/gitlab-runner.service.d/20-region.conf",
            "[Service]\nEnvironment=AWS_REGION=eu-central-1\n",
        )

    def program(self, name: str, lines: str) -> None:
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)

    def facts(self, doctor: Doctor) -> dict[str, str]:
        answer = doctor.json("host", "--root", str(self.tree.root))
        return {each["name"]: each["value"] for each in answer["facts"]}

    def docker_pull(self, doctor: Doctor) -> str | None:
        """The source of the credentials of the user's own `docker pull`."""
        (image,) = doctor.json("image", IMAGE, "--root", str(self.tree.root), "--offline")["images"]
        source: str | None = image["docker"]["source"]
        return source


@pytest.fixture
def this_host(host: HostTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ThisHost:
    monkeypatch.setattr(FilesOnDisk, "is_this_host", property(lambda files: files.root == host.root))
    for directory in ("programs", "home"):
        (tmp_path / directory).mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("DOCKER_CONFIG", "DOCKER_AUTH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return ThisHost(host, tmp_path / "programs")


def test_the_facts_about_this_host(doctor: Doctor, this_host: ThisHost) -> None:
    this_host.program("gitlab-runner", 'echo "Version:      18.11.2~$1"')
    this_host.program("aws", """printf '{"Arn": "%s %s %s"}' "$*" "$AWS_MAX_ATTEMPTS" "$HOME" """)
    answer = doctor.json("host", "--root", str(this_host.tree.root))
    assert answer["runner"] == {"host": "this host", "version": "18.11.2~--version"}
    units = "/etc/systemd/system/gitlab-runner.service.d"
    assert this_host.facts(doctor) == {
        "unit": f"{units}/10-runner-host.conf, {units}/20-region.conf",
        "process": "user root, home /root",
        "PATH": "/usr/local/bin",
        "region": "eu-central-1",
        "AWS identity": (
            "sts get-caller-identity --output json --cli-connect-timeout 3 --region eu-central-1 1 /root"
        ),
        "credentials": "no Docker configuration in /root",
        "helpers": "none on this PATH",
        "config": "/etc/gitlab-runner/config.toml: concurrent = 1",
        "docker": "elsewhere: not asked",
    }


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        ("echo 'Version: 18.0.0'; exit 1", "18.0.0"),
        ("echo 19.1.0", "19.3.0"),
        ("echo 'Version: new'", "19.3.0"),
        ("echo 'Version: v17.0.1'", "17.0.1"),
    ],
)
def test_the_runner_has_the_version_that_it_prints(
    doctor: Doctor, this_host: ThisHost, lines: str, version: str
) -> None:
    this_host.program("gitlab-runner", lines)
    assert doctor.json("host", "--root", str(this_host.tree.root))["runner"]["version"] == version


def test_a_runner_that_cannot_be_run_has_the_default_version(doctor: Doctor, this_host: ThisHost) -> None:
    this_host.program("gitlab-runner", "")
    (this_host.programs / "gitlab-runner").write_text("#!/nowhere\n")
    assert doctor.json("host", "--root", str(this_host.tree.root))["runner"]["version"] == "19.3.0"


def test_programs_of_this_host_that_do_not_end_are_stopped(
    doctor: Doctor, this_host: ThisHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    this_host.program("gitlab-runner", "")
    given: dict[str, float] = {}

    def hang(command: list[str], timeout: float, **_: object) -> None:
        given[Path(command[0]).name] = timeout
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    found = doctor.json("host", "--root", str(this_host.tree.root))
    assert given == {"gitlab-runner": 10, "aws": 15}
    assert found["runner"]["version"] == "19.3.0"
    assert {"name": "AWS identity", "value": "none"} in found["facts"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("echo Unable  to locate credentials >&2; exit 255", "Unable to locate credentials"),
        ("exit 1", "it does not say why"),
        ("echo no", "it does not answer"),
        ("echo '{}'", "it does not answer"),
    ],
)
def test_a_process_without_an_identity_in_aws(
    doctor: Doctor, this_host: ThisHost, lines: str, reason: str
) -> None:
    this_host.program("aws", lines)
    found = doctor.json("host", "--root", str(this_host.tree.root))
    assert {"name": "AWS identity", "value": "none"} in found["facts"]
    (identity,) = (each for each in found["findings"] if each["name"] == "aws-identity")
    assert (identity["where"], identity["what"], identity["why"]) == (
        "/etc/gitlab-runner/registries",
        f"the runner's process has no AWS identity: {reason}",
        f"AWS returns no credentials for {KEY}",
    )


def test_no_aws_command(doctor: Doctor, this_host: ThisHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(this_host.programs))
    assert this_host.facts(doctor)["AWS identity"] == "not asked: there is no aws command"


def test_the_region_may_be_set_elsewhere(doctor: Doctor, this_host: ThisHost) -> None:
    this_host.tree.write("etc/systemd/system/gitlab-runner.service.d/20-region.conf", "")
    this_host.program("aws", """printf '{"Arn": "%s"}' "$*" """)
    facts = this_host.facts(doctor)
    assert facts["region"] == "not set by the unit"
    assert facts["AWS identity"] == "sts get-caller-identity --output json --cli-connect-timeout 3"


def test_docker_pull_has_the_configuration_of_the_user_who_runs_the_doctor(
    doctor: Doctor, this_host: ThisHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert this_host.docker_pull(doctor) is None
    for directory in ("home/.docker", "own"):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "config.json").write_text(CONFIG)
    assert this_host.docker_pull(doctor) == str(tmp_path / "home/.docker/config.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", "own")
    assert this_host.docker_pull(doctor) == str(tmp_path / "own/config.json")
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", CONFIG)
    assert this_host.docker_pull(doctor) == "$DOCKER_AUTH_CONFIG"


def test_a_helper_of_the_user_is_on_their_own_path(
    doctor: Doctor, this_host: ThisHost, tmp_path: Path
) -> None:
    (tmp_path / "home/.docker").mkdir()
    (tmp_path / "home/.docker/config.json").write_text(json.dumps({"credHelpers": {KEY: "x"}}))
    this_host.program("docker-credential-x", """echo '{"Username": "alice", "Secret": "canary"}'""")
    (image,) = doctor.json("image", IMAGE, "--root", str(this_host.tree.root), "--offline")["images"]
    assert image["docker"]["user"] == "alice"


def test_a_helper_of_the_runner_has_the_environment_of_its_unit(doctor: Doctor, this_host: ThisHost) -> None:
    this_host.tree.write(
        "etc/systemd/system/gitlab-runner.service.d/30-path.conf",
        f"[Service]\nEnvironment=PATH={this_host.programs}:/usr/bin:/bin\n",
    )
    this_host.program(
        "docker-credential-x", """printf '{"Username": "%s", "Secret": "canary"}' "$AWS_REGION:$USER" """
    )
    this_host.tree.write("root/.docker/config.json", json.dumps({"credHelpers": {KEY: "x"}}))
    (image,) = doctor.json("image", IMAGE, "--root", str(this_host.tree.root), "--offline")["images"]
    assert image["runner"]["user"] == "eu-central-1:"


def test_a_credential_service_that_has_written_nothing(doctor: Doctor, this_host: ThisHost) -> None:
    link = this_host.tree.root / "root/.docker/config.json"
    link.parent.mkdir(parents=True)
    link.symlink_to("/run/gitlab-runner-credentials/config.json")
    found = doctor.findings("host", "--root", str(this_host.tree.root))["credential-service"]
    assert found["fix"] == (
        "check its log: systemctl status gitlab-runner-credentials; journalctl -u gitlab-runner-credentials"
    )
    facts = this_host.facts(doctor)
    assert facts[KEY] == "parameter eu-west-1 /a: no credential"
    assert facts["other.example.com"] == "helper /usr/bin/docker-credential-x: no credential"
