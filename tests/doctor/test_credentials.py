"""Reports on the credentials that a host keeps ready, and on those that take precedence over them."""

import base64
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.doctor import credentials_report
from pulumi_gitlab_runner.doctor.credentials_report import (
    KeptCredential,
    KeptCredentials,
    credential_facts,
    duration,
    kept_credentials,
    kept_here,
)
from pulumi_gitlab_runner.doctor.findings.credentials import kept_credential_findings
from pulumi_gitlab_runner.host.credentials.files import Files
from pulumi_gitlab_runner.host.credentials.questions import Answer, Credential, Failure, Question
from pulumi_gitlab_runner.host.credentials.service import BOOT_ID, Service

from tests.doctor.host_tree import Doctor, HostTree

HOST = "registry.example.com:5000"
IMAGE = f"{HOST}/tools/linter:1"
LIST = (
    f"# A heading.\n{HOST} parameter eu-west-1 /legacy\nother.example helper /bin/docker-credential-other\n"
)
MINUTE, HOUR = 60.0, 3600.0


@pytest.fixture
def kept(tmp_path: Path) -> Callable[[float, dict[str, Answer]], KeptCredentials]:
    """The credentials of a service that asked for them at second 1000, and again this much later."""
    registries = tmp_path / "registries"
    registries.write_text(LIST)
    now = [1000.0]
    first: dict[str, Answer] = {"/legacy": Credential("me", "canary"), "other.example": Failure("is away")}

    def answer(question: Question) -> dict[str, Answer]:
        return {name: answers[name] for name in question.names}

    answers = first
    service = Service(registries, Files(tmp_path / "run"), lambda *_: None, answer, lambda: now[0])
    service.once()

    def after(seconds: float, second: dict[str, Answer]) -> KeptCredentials:
        nonlocal answers
        if second:
            answers = second
            now[0] += 50
            service.once()
            while any(entry.asking for entry in service.credentials.entries.values()):
                service.turn(wait=5)
            service.turn()
        state = (tmp_path / "run/state.json").read_text()
        return kept_credentials(LIST, state, BOOT_ID.read_text().strip(), now[0] + seconds)

    return after


def test_age_end_and_failure_of_each_credential(kept: Callable[..., KeptCredentials]) -> None:
    known, missing = reversed(kept(10 * MINUTE, {}).registries)
    assert (known.registry, known.source, known.age) == (HOST, "parameter eu-west-1 /legacy", 10 * MINUTE)
    assert (known.ends_in, known.failing_for, known.reason) == (12 * HOUR - 10 * MINUTE, None, "")
    assert (missing.age, missing.ends_in, missing.failing_for) == (None, None, 10 * MINUTE)
    assert missing.reason == "is away"
    assert dict(credential_facts([known, missing])) == {
        f"  {HOST}": "parameter eu-west-1 /legacy: renewed 10 min ago, valid for 11 h 50 min",
        "  other.example": (
            "helper /bin/docker-credential-other: no credential; failing for 10 min: is away"
        ),
    }


def test_a_credential_that_is_not_renewed_is_a_finding_before_it_ends(
    kept: Callable[..., KeptCredentials],
) -> None:
    failing: dict[str, Answer] = {
        "/legacy": Failure("gave no answer in 20 seconds"),
        "other.example": Credential("me", "canary"),
    }
    (found,) = kept_credential_findings(kept(HOUR, failing))
    assert (found.name, found.where) == ("credential-renewal", f"/etc/gitlab-runner/registries, {HOST}")
    assert found.what == "parameter eu-west-1 /legacy has failed for 1 h 0 min: gave no answer in 20 seconds"
    assert "used for 10 h 59 min more" in found.why


def test_valid_credentials_have_no_finding() -> None:
    well = KeptCredential(HOST, "parameter eu-west-1 /legacy", 30.0, 12 * HOUR)
    assert list(kept_credential_findings(KeptCredentials((well,)))) == []


@pytest.mark.parametrize(
    "state",
    ["", "{", "[]", "7", '{"boot": "another", "registries": {}}', '{"boot": "BOOT", "registries": 7}'],
)
def test_a_state_without_content_means_that_the_service_has_not_written_it(state: str) -> None:
    boot = BOOT_ID.read_text().strip()
    kept = kept_credentials(LIST, state.replace("BOOT", boot), boot, 1000.0)
    assert not kept.written
    assert [each.age for each in kept.registries] == [None, None]
    (found,) = kept_credential_findings(kept)
    assert found.name == "credential-service"


def test_a_host_without_registries_has_nothing_to_write() -> None:
    assert kept_credentials("", '{"boot": "x", "registries": {}}', "x", 1000.0).written


def test_this_machine_is_not_a_runner_host() -> None:
    assert not kept_here(LIST).written


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "less than a minute"),
        (59.9, "less than a minute"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 0 min"),
        (12 * HOUR - 1, "11 h 59 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.fixture
def served(host: HostTree) -> HostTree:
    """A host's files, with one registry whose password a helper knows."""
    link = host.root / "root/.docker/config.json"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../run/gitlab-runner-credentials/config.json")
    answer = shlex.quote(json.dumps({"Username": "me", "Secret": "canary"}))
    helper = host.write("opt/docker-credential-any", f"#!/bin/sh\ncat >/dev/null\necho {answer}\n", 0o755)
    host.write("etc/gitlab-runner/registries", f"{HOST} helper {helper}\n")
    return host


def own() -> str:
    """A DOCKER_AUTH_CONFIG with the job's own user."""
    auth = base64.b64encode(b"job:canary-of-the-job").decode()
    return json.dumps({"auths": {HOST: {"auth": auth}}})


def test_the_credentials_of_a_hosts_files_are_requested_on_this_machine(
    doctor: Doctor, served: HostTree
) -> None:
    (image,) = doctor.json("image", IMAGE, "--root", str(served.root), "--offline")["images"]
    assert (image["runner"]["source"], image["runner"]["user"]) == ("/root/.docker/config.json", "me")
    assert image["findings"] == []
    assert not (served.root / "run").exists()  # not kept


def test_a_missing_credential_is_explained_with_the_message_of_the_job_log(
    doctor: Doctor, served: HostTree
) -> None:
    served.write("opt/docker-credential-any", "#!/bin/sh\nexit 3\n", 0o755)
    for arguments in (("image", IMAGE, "--offline"), ("host",)):
        found = doctor.findings(*arguments, "--root", str(served.root))["credential-missing"]
        assert found["where"] == f"/etc/gitlab-runner/registries, {HOST}"
        assert found["what"].endswith("docker-credential-any: failed with exit status 3")
        assert "no basic auth credentials" in found["why"]
    other = doctor.findings("image", "nginx", "--offline", "--root", str(served.root))
    assert "credential-missing" not in other


def shadowed(answer: dict[str, Any]) -> dict[str, str]:
    """The finding about an entry that takes precedence."""
    (found,) = (each for each in answer["findings"] if each["name"] == "registry-shadowed")
    shown: dict[str, str] = found
    return shown


def test_image_and_job_both_find_a_jobs_own_entry_for_a_registry_of_the_runner(
    doctor: Doctor, served: HostTree, tmp_path: Path
) -> None:
    root = ("--root", str(served.root), "--offline")
    by_image = shadowed(doctor.json("image", IMAGE, "--docker-auth-config", own(), *root))
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    variables = json.dumps({"DOCKER_AUTH_CONFIG": own()})
    (project / ".gitlab-ci.yml").write_text(
        f"lint:\n  image: {IMAGE}\n  script: [lint]\n  variables: {variables}\n"
    )
    by_job = shadowed(doctor.json("job", str(project / ".gitlab-ci.yml"), *root))
    assert by_job == by_image
    assert by_image["where"] == f"$DOCKER_AUTH_CONFIG, {HOST}"
    assert 'says "Authenticating with credentials from $DOCKER_AUTH_CONFIG"' in by_image["why"]


@pytest.mark.parametrize("variable", ["", '{"auths": {}}', '{"auths": {"else.example": {"auth": "YTpi"}}}'])
def test_a_variable_that_shadows_nothing(doctor: Doctor, served: HostTree, variable: str) -> None:
    options = ("--docker-auth-config", variable) if variable else ()
    found = doctor.findings("image", IMAGE, *options, "--root", str(served.root), "--offline")
    assert "registry-shadowed" not in found


def test_a_job_on_a_hosted_runner_shadows_nothing(doctor: Doctor) -> None:
    found = doctor.findings("image", IMAGE, "--hosted", "--docker-auth-config", own(), "--offline")
    assert "registry-shadowed" not in found


def test_the_state_of_this_hosts_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"source": "", "answered": 0.0, "ends": 43200.0, "failing_since": None, "reason": ""}
    state = {"boot": BOOT_ID.read_text().strip(), "registries": {HOST: entry}}
    (tmp_path / "state.json").write_text(json.dumps(state))
    monkeypatch.setattr(credentials_report, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(credentials_report, "boot_clock", lambda: 600.0)
    other, known = kept_here(LIST).registries
    assert (known.registry, known.age, known.ends_in) == (HOST, 600.0, 42600.0)
    assert other.age is None
