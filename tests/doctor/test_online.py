"""`runner-doctor online`: whether a stack's runners are in contact with GitLab."""

import json
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from pulumi_gitlab_runner.doctor import online
from pulumi_gitlab_runner.doctor.gitlab import this_gitlab

from sandbox.services.gitlab import create_application
from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.application import create_server
from sandbox.services.gitlab.state import Runner, now
from tests.doctor.host_tree import Doctor
from tests.http.loopback import LOOPBACK
from tests.http.server import answer, serving

TOKEN = "canary-of-the-token"
LONG_AGO = "2026-01-02T03:04:05.678Z"


class GitLab:
    """A GitLab on loopback, with a runner that contacts it after this many requests."""

    def __init__(self) -> None:
        self.application = create_application(TOKEN)
        self.application.after_request(self._count)
        self.server = create_server(self.application, 0)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.asked = 0
        self.contact_after = 0

    def _count(self, response: Any) -> Any:
        self.asked += 1
        if self.asked == self.contact_after:
            self.runner.contacted_at = now()
        return response

    @property
    def runner(self) -> Runner:
        runner: Runner = self.application.extensions[INSTANCE].runners[1]
        return runner

    def create(self, **settings: Any) -> Runner:
        body = {"runner_type": "group_type", "group_id": 42, **settings}
        headers = {"Private-Token": TOKEN}
        LOOPBACK.post(f"{self.url}/api/v4/user/runners", json=body, headers=headers).raise_for_status()
        self.asked = 0
        return self.runner


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    gitlab = GitLab()
    thread = threading.Thread(target=gitlab.server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("GITLAB_BASE_URL", f"{gitlab.url}/api/v4/")
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    monkeypatch.setattr(online, "POLL_INTERVAL_S", 0.01)
    pass_output(monkeypatch)
    yield gitlab
    gitlab.server.shutdown()
    thread.join()
    gitlab.server.server_close()


def pass_output(patch: pytest.MonkeyPatch, number: Any = "1") -> None:
    """Let the command read a stack's output."""
    output = {"build": {"id": number, "tags": ["docker"], "scope": "group 42", "host": "build-861847c"}}
    patch.setattr("sys.stdin", StringIO(json.dumps(output)))


@pytest.mark.parametrize("paused", [False, True], ids=["working", "paused"])
def test_a_runner_that_was_in_contact_has_no_finding(gitlab: GitLab, doctor: Doctor, paused: bool) -> None:
    gitlab.create(paused=paused).contacted_at = now()
    assert doctor.run("online") == 0
    assert "build  #1 in GitLab: " in doctor.output
    assert "No findings." in doctor.output


@pytest.mark.parametrize(
    ("contacted_at", "finding", "found"),
    [
        (None, "runner-never-contacted", "never contacted"),
        (LONG_AGO, "runner-offline", f"last contact was at {LONG_AGO}"),
    ],
)
def test_a_runner_that_is_not_in_contact_is_a_finding(
    gitlab: GitLab, doctor: Doctor, contacted_at: str | None, finding: str, found: str
) -> None:
    gitlab.create().contacted_at = contacted_at
    assert doctor.run("online", "--json") == 1
    output = json.loads(doctor.output)
    (runner,), (only,) = output["runners"], output["findings"]
    assert (runner["name"], runner["id"], runner["online"]) == ("build", 1, False)
    assert (only["name"], only["where"]) == (finding, "the runner build, #1 in GitLab")
    assert found in only["what"]
    assert "build-861847c" in only["fix"]


def test_a_runner_that_gitlab_does_not_have(gitlab: GitLab, doctor: Doctor) -> None:
    assert doctor.run("online") == 1
    assert "runner-unknown" in doctor.output
    assert "up --refresh" in doctor.output


def test_the_command_waits_until_a_runner_is_online(gitlab: GitLab, doctor: Doctor) -> None:
    gitlab.create()
    gitlab.contact_after = 3
    assert doctor.run("online", "--wait", "60") == 0
    assert gitlab.asked == 4


def test_the_command_waits_no_longer_than_its_option_says(gitlab: GitLab, doctor: Doctor) -> None:
    gitlab.create()
    assert doctor.run("online", "--wait", "0.05") == 1
    assert "runner-never-contacted" in doctor.output


def test_a_number_may_come_with_a_fraction(
    gitlab: GitLab, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.create().contacted_at = now()
    pass_output(monkeypatch, 1.0)
    assert doctor.run("online") == 0


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "GITLAB_TOKEN is not set"),
        ("wrong", "does not accept the token"),
        (f"{TOKEN}-developer", "does not show the runner build, #1, to the owner of GITLAB_TOKEN"),
        (f"{TOKEN}-developer", "the scope read_api, and the role Maintainer in its group or project"),
    ],
)
def test_a_token_that_is_missing_or_insufficient(
    gitlab: GitLab, doctor: Doctor, monkeypatch: pytest.MonkeyPatch, token: str, message: str
) -> None:
    gitlab.create()
    monkeypatch.setenv("GITLAB_TOKEN", token)
    assert doctor.run("online") == 2
    assert message in doctor.errors
    assert not token or token not in doctor.errors


def test_a_maintainer_of_the_group_sees_its_runner(
    gitlab: GitLab, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitlab.create().contacted_at = now()
    monkeypatch.setenv("GITLAB_TOKEN", f"{TOKEN}-maintainer")
    assert doctor.run("online") == 0


def test_a_gitlab_that_does_not_answer(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    pass_output(monkeypatch)
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    monkeypatch.setenv("GITLAB_BASE_URL", "http://127.0.0.1:1/api/v4/")
    assert doctor.run("online") == 2
    assert "http://127.0.0.1:1/api/v4 does not answer: cannot be reached: connection refused" in doctor.errors


@pytest.mark.parametrize("text", ["", "[]", '{"build": {}}', '{"build": 1}', '{"build": {"id": "x"}}'])
def test_input_that_is_not_a_stacks_output(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(text))
    assert doctor.run("online") == 2
    assert "pulumi stack output runners --json" in doctor.errors


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"status": 1, "online": 1, "contacted_at": {}}',
    ],
)
def test_a_server_that_is_not_gitlab_is_reported_in_one_line(
    gitlab: GitLab, doctor: Doctor, answer: bytes
) -> None:
    gitlab.application.before_request(lambda: answer)
    assert doctor.run("online") == 2
    assert "does not answer as GitLab's API does" in doctor.errors
    assert doctor.errors.count("\n") == 1


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "https://gitlab.com/api/v4"),
        ({"CI_API_V4_URL": "https://ci.example.com/api/v4"}, "https://ci.example.com/api/v4"),
        (
            {"CI_API_V4_URL": "https://ci.example.com/api/v4", "GITLAB_BASE_URL": "https://own.example.com"},
            "https://own.example.com/api/v4",
        ),
    ],
)
def test_the_gitlab_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str
) -> None:
    for name in ("CI_API_V4_URL", "GITLAB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**environment, "GITLAB_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    found = this_gitlab()
    assert (found.address, found.token) == (address, TOKEN)


def test_the_runners_of_a_stacks_output() -> None:
    assert online.read_runners('{"a": {"id": "7.0", "host": "h"}, "b": {"id": 8}}') == [
        online.StackRunner("a", 7, "h"),
        online.StackRunner("b", 8, ""),
    ]


@pytest.mark.parametrize("status", [500, 302])
def test_a_temporary_error_is_retried(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(online, "POLL_INTERVAL_S", 0.0)
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    online_now = b'{"status": "never_contacted", "online": true, "contacted_at": null}'
    with serving(answer(status, Location="/"), answer(200, online_now)) as script:
        monkeypatch.setenv("GITLAB_BASE_URL", f"http://{script.host}")
        pass_output(monkeypatch)
        assert doctor.run("online", "--wait", "60") == 0
        assert doctor.output.splitlines()[0].strip() == "build  #1 in GitLab: never contacted"
    with serving(answer(status, Location="/")) as script:
        monkeypatch.setenv("GITLAB_BASE_URL", f"http://{script.host}")
        pass_output(monkeypatch)
        assert doctor.run("online") == 2
    assert doctor.errors.endswith(f"does not answer: HTTP {status}\n")


def test_a_gitlab_that_takes_too_long(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "TIMEOUT_S", 0.05)
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    with serving(b"HTTP/1.1 200 -\r\n") as script:
        monkeypatch.setenv("GITLAB_BASE_URL", f"http://{script.host}")
        pass_output(monkeypatch)
        assert doctor.run("online") == 2
    assert doctor.errors.endswith("does not answer: it took too long\n")
