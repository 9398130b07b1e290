"""The privileges of services: Docker in Docker does not start without them, and a database needs none."""

from pathlib import Path
from typing import Any

import pytest

from tests.doctor.host_tree import Doctor, HostTree

NAME = "service-unprivileged"
PRIVILEGED = "service-privileged"


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


def test_a_service_of_many_jobs(found: Any) -> None:
    more = "".join(f"}}\njob{number}: {{script: [x], services: ['docker:dind']" for number in range(4))
    what = found(f"services: ['docker:dind']{more}", "[runners.docker]")[NAME]["what"]
    assert "as service of build, service of job0, service of job1 and 2 more, and services" in what


def test_hosted_runners_are_privileged(doctor: Doctor, tmp_path: Path) -> None:
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text("build: {script: [x], image: 'docker:27', services: ['docker:dind']}\n")
    assert NAME not in doctor.findings("job", str(file), "--hosted", "--offline")


LISTED = "services_privileged = true\nallowed_privileged_services = "


@pytest.mark.parametrize(
    ("service", "patterns", "unprivileged"),
    [
        ("docker:dind", [], False),
        ("docker:dind", ["docker:*dind*"], False),
        ("docker:27-dind", ["docker:dind"], True),
        ("docker.io/library/docker:dind", ["docker:*dind*"], True),
        ("docker.io/library/docker:dind", ["**/docker:*dind*"], False),
        ("docker:dind", ["postgres:*", "docker:dind"], False),
        ("docker:$TAG", ["docker:27-dind"], False),
        ("docker:dind@sha256:" + "0" * 64, ["docker:dind"], True),
    ],
)
def test_services_that_the_runner_lists(
    found: Any, service: str, patterns: list[str], unprivileged: bool
) -> None:
    job = f"services: ['{service}'], variables: {{TAG: 27-dind}}"
    findings = found(job, f"[runners.docker]\n{LISTED}{patterns}")
    assert (NAME in findings) is unprivileged
    if unprivileged:
        assert findings[NAME]["what"].endswith(
            f"and allowed_privileged_services of this runner has only {', '.join(map(repr, patterns))}"
        )


@pytest.mark.parametrize(
    ("service", "settings", "what"),
    [
        ("postgres:17", "", None),
        ("postgres:17", "services_privileged = true", "it is not set, and postgres:17 is privileged"),
        ("postgres:17", "privileged = true", "it is not set, and postgres:17 is privileged"),
        ("postgres:17", "privileged = true\nservices_privileged = false", None),
        ("docker.io/library/redis", f"{LISTED}['**']", "a pattern of it matches docker.io/library/redis"),
        ("postgres:17", f"{LISTED}['docker:*dind*']", None),
        ("docker:dind", "privileged = true", None),
        ("docker:27", "privileged = true", None),
        ("moby/buildkit:v0.20.0", "privileged = true", None),
        ("registry.example.com/postgres:17", "privileged = true", None),
    ],
)
def test_a_service_that_needs_no_privileges(
    found: Any, service: str, settings: str, what: str | None
) -> None:
    finding = found(f"services: ['{service}']", f"[runners.docker]\n{settings}").get(PRIVILEGED)
    assert (finding and finding["what"]) == (what and f"{what}, as service of build")


def test_a_privileged_service_on_an_instance_of_a_fleet(found: Any) -> None:
    settings = "[runners.docker]\nservices_privileged = true"
    assert PRIVILEGED not in found("services: ['postgres:17']", settings, "docker-autoscaler")


def test_the_image_of_a_job_with_privileges(found: Any) -> None:
    assert PRIVILEGED not in found("before_script: [y]", "[runners.docker]\nprivileged = true")
