"""Docker in Docker as a service of a job: it is pulled, and does not start without privileges."""

from pathlib import Path
from typing import Any

import pytest

from tests.doctor.host_tree import Doctor, HostTree

NAME = "service-unprivileged"


@pytest.fixture(name="found")
def _found(doctor: Doctor, host: HostTree, tmp_path: Path) -> Any:
    """Finds what the doctor reports about a job on a host with these settings of `[[runners]]`."""

    def found(job: str, settings: str, executor: str = "docker") -> dict[str, Any]:
        host.write("etc/gitlab-runner/config.toml", f'[[runners]]\nexecutor = "{executor}"\n{settings}\n')
        file = tmp_path / ".gitlab-ci.yml"
        file.write_text(f"build: {{script: [x], image: 'docker:27', {job}}}\n")
        return doctor.findings("job", str(file), "--root", str(host.root), "--offline")

    return found


@pytest.mark.parametrize(
    ("service", "unprivileged"),
    [
        ("docker:dind", True),
        ("docker:27-dind-rootless", True),
        ("docker.io/library/docker:27-dind", True),
        ("docker:27-dind@sha256:" + "0" * 64, True),
        ("docker:27", False),
        ("postgres:17", False),
    ],
)
def test_a_service(found: Any, service: str, unprivileged: bool) -> None:
    assert (NAME in found(f"services: ['{service}']", "[runners.docker]")) is unprivileged


def test_the_image_of_a_job_is_not_a_service(found: Any) -> None:
    assert NAME not in found("before_script: [y]", "[runners.docker]\nimage = 'docker:dind'")
    assert NAME not in found("variables: {A: 'docker:dind'}", "[runners.docker]")


@pytest.mark.parametrize(
    ("settings", "unprivileged"),
    [
        ("privileged = false", True),
        ("privileged = true", False),
        ("services_privileged = true", False),
        ("privileged = true\nservices_privileged = false", True),
        ("privileged = false\nservices_privileged = true", False),
    ],
)
def test_the_privileges_of_services(found: Any, settings: str, unprivileged: bool) -> None:
    assert (NAME in found("services: ['docker:dind']", f"[runners.docker]\n{settings}")) is unprivileged


@pytest.mark.parametrize(
    ("executor", "unprivileged"), [("docker-autoscaler", True), ("docker+machine", True), ("shell", False)]
)
def test_only_runners_that_start_services(found: Any, executor: str, unprivileged: bool) -> None:
    settings = "[runners.docker]"
    assert (NAME in found("services: ['docker:dind']", settings, executor)) is unprivileged


def test_the_job_is_named_once(found: Any) -> None:
    finding = found("services: ['docker:dind']", "[runners.docker]")[NAME]
    assert finding["what"] == (
        "it is Docker in Docker, as service of build, and services of this runner are not privileged"
    )


def test_hosted_runners_are_privileged(doctor: Doctor, tmp_path: Path) -> None:
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text("build: {script: [x], image: 'docker:27', services: ['docker:dind']}\n")
    assert NAME not in doctor.findings("job", str(file), "--hosted", "--offline")
