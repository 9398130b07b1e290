"""`--gitlab`: the pipeline as GitLab itself merges it."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.doctor.pipelines import gitlab_lint

from sandbox.services.gitlab import create_application
from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.application import create_server
from tests.doctor.host_tree import Doctor
from tests.http.server import answer
from tests.http.server import serving as prepared
from tests.registry.double import DIGEST, RegistryDouble
from tests.registry.hostile_registry import ANSWERS, serving

TOKEN = "canary-of-the-token"
PIPELINE = """
include: [{project: platform/toolchain, file: /docker.yml}, {template: Go.gitlab-ci.yml}]
variables: {TAG: "1"}
test: {image: "HOST/team/app:$TAG", script: [x]}
build: {extends: .docker, script: [x]}
other: {script: [x]}
"""


class GitLab:
    """A GitLab on loopback, with what a pipeline includes."""

    def __init__(self, host: str) -> None:
        self.application = create_application(TOKEN)
        gitlab: Any = self.application.extensions[INSTANCE]
        self.toolchain = gitlab.projects[8].files
        self.toolchain["docker.yml"] = f".docker: {{image: '{host}/team/db:1'}}\n"
        gitlab.templates["Go.gitlab-ci.yml"] = f"default: {{image: 'golang:1@{DIGEST}'}}\n"
        self.server = create_server(self.application, 0)
        self.url = f"http://127.0.0.1:{self.server.port}"


@pytest.fixture
def gitlab(registry: RegistryDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GitLab]:
    registry.scheme = ""
    registry.images = {"team/app:1": DIGEST, "team/app:2": DIGEST, "team/db:1": DIGEST}
    gitlab = GitLab(registry.host)
    thread = threading.Thread(target=gitlab.server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    monkeypatch.setenv("CI_PROJECT_ID", "7")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    yield gitlab
    gitlab.server.shutdown()
    thread.join()
    gitlab.server.server_close()


@pytest.fixture
def file(tmp_path: Path, registry: RegistryDouble) -> Path:
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(PIPELINE.replace("HOST", registry.host))
    return file


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipeline with which only GitLab's answer matters; without TLS, because loading its CAs takes long."""
    monkeypatch.setattr(gitlab_lint, "trusting", lambda _: None)
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text("job: {image: 'a:1'}\n")
    return file


def test_all_images_are_examined(
    gitlab: GitLab, doctor: Doctor, file: Path, registry: RegistryDouble
) -> None:
    answer = doctor.json("job", str(file), "--hosted", "--offline", "--gitlab", gitlab.url)
    assert {image["image"]: image["users"] for image in answer["images"]} == {
        f"{registry.host}/team/app:1": ["image of test"],
        f"{registry.host}/team/db:1": ["image of build"],
        f"golang:1@{DIGEST}": ["image of other"],
    }
    assert answer["not_read"] == []
    assert doctor.errors == ""


def test_an_image_in_a_file_of_another_project_cannot_be_pinned(
    gitlab: GitLab, doctor: Doctor, file: Path, registry: RegistryDouble
) -> None:
    text = file.read_text() + f".later: {{image: {registry.host}/team/app:2}}\n"
    file.write_text(text)
    found = doctor.findings("pin", str(file), "--gitlab", gitlab.url)
    assert list(found) == ["cannot-be-pinned"]
    assert found["cannot-be-pinned"]["where"] == "image of build"
    assert (
        "team/db:1: it has no digest, and is in no file of this project" in found["cannot-be-pinned"]["what"]
    )
    pinned = text.replace("app:$TAG", f"app:$TAG@{DIGEST}").replace("app:2", f"app:2@{DIGEST}")
    assert file.read_text() == pinned


def test_a_finding_has_its_place_in_the_file_not_in_the_merged_configuration(
    gitlab: GitLab, doctor: Doctor, file: Path
) -> None:
    """The name in an include has no place, and is reported on the first line."""
    gitlab.toolchain["docker.yml"] = "# a comment\n.docker: {image: Included}\n"
    include = "include: [{project: platform/toolchain, file: /docker.yml}]"
    file.write_text(
        f"# a comment\n{include}\na: {{image: Here, script: x}}\nb: {{extends: .docker, script: x}}\n"
    )
    doctor.run("job", str(file), "--hosted", "--offline", "--gitlab", gitlab.url, "--format", "code-quality")
    found = {each["description"].partition(":")[0]: each["location"] for each in json.loads(doctor.output)}
    assert {name: place["lines"]["begin"] for name, place in found.items()} == {"Here": 3, "Included": 1}
    assert {Path(place["path"]).name for place in found.values()} == {file.name}


def test_a_pinned_pipeline_has_no_finding(gitlab: GitLab, doctor: Doctor, file: Path) -> None:
    gitlab.toolchain["docker.yml"] = f".docker: {{image: 'docker:1@{DIGEST}'}}\n"
    assert doctor.run("pin", str(file), "--gitlab", gitlab.url) == 0
    assert doctor.run("pin", "--check", str(file), "--gitlab", gitlab.url) == 0


def test_an_include_that_changes_what_a_job_runs(
    gitlab: GitLab, doctor: Doctor, file: Path, registry: RegistryDouble
) -> None:
    rules = "[{if: $A, variables: {DOCKER_AUTH_CONFIG: '{}'}}, {when: always}]"
    gitlab.toolchain["docker.yml"] += f"test: {{variables: {{TAG: '2'}}, rules: {rules}}}\n"
    text = file.read_text()
    findings = doctor.json("pin", str(file), "--gitlab", gitlab.url)["findings"]
    other = f"{registry.host}/team/app:2"
    assert findings[0]["what"].endswith(f"in the configuration that GitLab merged, it is {other}")
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("environment", "options", "message"),
    [
        ({"GITLAB_TOKEN": ""}, [], "GITLAB_TOKEN is not set"),
        ({"GITLAB_TOKEN": "gone"}, [], "it does not accept the token in GITLAB_TOKEN"),
        ({"GITLAB_TOKEN": f"{TOKEN}-read-api"}, [], "which needs the scope api"),
        ({}, ["--project", "gone/app"], "does not show a project gone/app"),
        ({"CI_PROJECT_ID": ""}, [], "set it with --project"),
        ({}, ["--gitlab", "http://127.0.0.1:1"], "GitLab at http://127.0.0.1:1 "),
    ],
)
def test_a_failed_request_to_gitlab_is_reported(
    gitlab: GitLab,
    doctor: Doctor,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    options: list[str],
    message: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert doctor.run("job", str(file), "--hosted", "--offline", "--gitlab", gitlab.url, *options) == 2
    assert message in doctor.errors


def test_a_pipeline_that_gitlab_refuses(gitlab: GitLab, doctor: Doctor, file: Path) -> None:
    file.write_text("include: {template: Gone.yml}\njob: {image: 'a:1', script: [x]}\n")
    assert doctor.run("job", str(file), "--hosted", "--offline", "--gitlab", gitlab.url) == 2
    assert "Template file `Gone.yml` does not exist!" in doctor.errors


def test_the_request_to_gitlab_and_its_largest_answer(
    doctor: Doctor, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    merged = f"job: {{image: 'merged:1'}}\n# {'x' * 2_000_000}\n"
    whole = json.dumps({"valid": True, "merged_yaml": merged}).encode()
    plain.write_text("\ufeffjob: {image: 'a:1'}\n", encoding="utf-8")
    with prepared(answer(200, whole)) as script:
        asked = ["--gitlab", f"http://{script.host}/", "--project", "team/my app"]
        found = doctor.json("job", str(plain), "--hosted", "--offline", *asked)
    assert [each["image"] for each in found["images"]] == ["merged:1"]
    lines = script.requests[0].splitlines()
    assert lines[0] == "POST /api/v4/projects/team%2Fmy%20app/ci/lint HTTP/1.1"
    content = json.dumps({"content": "job: {image: 'a:1'}\n"})
    assert {
        f"Private-Token: {TOKEN}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
    } <= set(lines)


@pytest.mark.parametrize(
    ("remote", "project"),
    [
        ("https://gitlab.example.com/team/app.git", "team%2Fapp"),
        ("https://me:canary@gitlab.example.com/team/sub/app/", "team%2Fsub%2Fapp"),
        ("git@gitlab.example.com:team/app.git", "team%2Fapp"),
        ("ssh://git@gitlab.example.com:2222/team/app", "team%2Fapp"),
        ("/srv/git/app.git", None),
    ],
)
def test_the_project_is_that_of_the_remote(
    doctor: Doctor, plain: Path, monkeypatch: pytest.MonkeyPatch, remote: str, project: str | None
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    monkeypatch.delenv("CI_PROJECT_ID", raising=False)
    subprocess.run(["git", "init", "-q", str(plain.parent)], check=True)
    subprocess.run(["git", "-C", str(plain.parent), "remote", "add", "origin", remote], check=True)
    with prepared(answer(200, b'{"valid": true, "merged_yaml": ""}')) as script:
        asked = ["--gitlab", f"http://{script.host}"]
        status = doctor.run("job", str(plain), "--hosted", "--offline", *asked)
    if project:
        assert status == 0
        assert script.requests[0].startswith(f"POST /api/v4/projects/{project}/ci/lint ")
    else:
        assert (status, script.requests) == (2, [])


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "it does not accept the token in GITLAB_TOKEN"),
        (
            403,
            "it refuses the token in GITLAB_TOKEN, which needs the scope api, and the role Developer",
        ),
        (404, "it does not show a project 7 to the owner of GITLAB_TOKEN; set it with --project"),
        (429, "its rate limit is exceeded: try again in a minute"),
        (500, "HTTP 500"),
        (201, "HTTP 201"),
    ],
)
def test_each_status_of_gitlabs_answer(
    doctor: Doctor, plain: Path, monkeypatch: pytest.MonkeyPatch, status: int, message: str
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    monkeypatch.setenv("CI_PROJECT_ID", "7")
    with prepared(answer(status, b"{}")) as script:
        url = f"http://{script.host}"
        assert doctor.run("job", str(plain), "--hosted", "--offline", "--gitlab", url) == 2
    assert doctor.errors == f"runner-doctor: GitLab at {url}: {message}\n"


def test_an_answer_larger_than_a_pipeline(
    doctor: Doctor, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    with prepared(answer(200, bytes(8 * 1024**2 + 1))) as script:
        url = f"http://{script.host}"
        assert doctor.run("job", str(plain), "--hosted", "--offline", "--gitlab", url, "--project", "7") == 2
    assert doctor.errors == f"runner-doctor: GitLab at {url} sends more than 8 MiB\n"


@pytest.mark.parametrize(
    ("answered", "message"),
    [
        ({"valid": False, "errors": ["one", "two"], "merged_yaml": ""}, "one; two"),
        ({"valid": False, "errors": []}, "it gives no reason"),
        ({"valid": True, "errors": "x"}, "it gives no reason"),
        ({"valid": False, "errors": ["x" * 2001]}, "x" * 2000),
    ],
)
def test_why_gitlab_does_not_take_a_pipeline(
    doctor: Doctor, plain: Path, monkeypatch: pytest.MonkeyPatch, answered: object, message: str
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    with prepared(answer(200, json.dumps(answered).encode())) as script:
        asked = ["--gitlab", f"http://{script.host}", "--project", "7"]
        assert doctor.run("job", str(plain), "--hosted", "--offline", *asked) == 2
    assert doctor.errors == f"runner-doctor: GitLab does not accept {plain}: {message}\n"


def test_a_merged_pipeline_that_is_not_yaml(
    doctor: Doctor, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    with prepared(answer(200, b'{"valid": true, "merged_yaml": "a: 1\\nb: *gone\\n"}')) as script:
        asked = ["--gitlab", f"http://{script.host}", "--project", "7"]
        assert doctor.run("job", str(plain), "--hosted", "--offline", *asked) == 2
    message = "the merged configuration of GitLab, line 2: this is not valid YAML"
    assert doctor.errors == f"runner-doctor: {message}\n"


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_invalid_answer_of_gitlab_is_reported_in_one_line(
    doctor: Doctor, file: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    monkeypatch.setenv("CI_PROJECT_ID", "7")
    monkeypatch.setattr(gitlab_lint, "PATIENCE_S", 0.5)
    with serving("ping", ANSWERS[name]) as host:
        started = time.monotonic()
        assert doctor.run("job", str(file), "--hosted", "--offline", "--gitlab", f"http://{host}") == 2
        assert time.monotonic() - started < 10
    (line,) = doctor.errors.strip().splitlines()
    assert line.isprintable()
    assert len(line) < 300
    assert TOKEN not in line
