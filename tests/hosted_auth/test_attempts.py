"""How often, and for how long, the renewal of CI variables retries; here with a fake clock."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.hosted_auth.renewal.attempts import (
    Clock,
    RefusedError,
    TemporaryError,
    attempt_each,
)
from pulumi_gitlab_runner.hosted_auth.renewal.gitlab import GitLab

from sandbox.services.gitlab.state import Variable
from tests.hosted_auth.conftest import FakeTime, Function, variable
from tests.hosted_auth.gitlab_server import GitLabServer
from tests.http.server import END, answer, serving


def attempts(seconds: float, *outcomes: str | Exception, takes: float = 0) -> tuple[Any, list[float]]:
    """The result of a task whose attempts have these outcomes, and the pauses between the attempts."""
    time, left = FakeTime(), list(outcomes)

    def attempt() -> str:
        time.seconds += takes
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return attempt_each({"task": attempt}, Clock(seconds, time.now, time.sleep)), time.slept


AGAIN = TemporaryError("it is busy")


@pytest.mark.parametrize(
    ("seconds", "outcomes", "takes", "expected", "slept"),
    [
        (60, ["done"], 0, ({"task": "done"}, {}), []),
        (60, [AGAIN, AGAIN, AGAIN, "done"], 0, ({"task": "done"}, {}), [1, 2, 4]),
        (60, [RefusedError("never")], 0, ({}, {"task": "never"}), []),
        (60, [AGAIN, RefusedError("never")], 0, ({}, {"task": "never"}), [1]),
        (60, [TemporaryError("wait", 30), "done"], 0, ({"task": "done"}, {}), [30]),
        (60, [TemporaryError("wait", 0.5), "done"], 0, ({"task": "done"}, {}), [1]),
        (60, [TemporaryError("wait", 60)], 0, ({}, {"task": "wait"}), []),
        (1, [AGAIN], 0, ({}, {"task": "it is busy"}), []),
        (1.5, [AGAIN, AGAIN], 0, ({}, {"task": "it is busy"}), [1]),
        (0, [], 0, ({}, {"task": "no time was left"}), []),
        (4, [AGAIN, AGAIN], 1, ({}, {"task": "it is busy"}), [1]),
    ],
)
def test_a_temporary_failure_is_retried_while_time_is_left(
    seconds: float, outcomes: list[Any], takes: float, expected: Any, slept: list[float]
) -> None:
    assert attempts(seconds, *outcomes, takes=takes) == (expected, slept)


def test_a_task_that_takes_all_the_time_leaves_none_for_the_others() -> None:
    time = FakeTime()
    tasks = {"slow": lambda: time.sleep(10), "late": lambda: None}
    done, failures = attempt_each(tasks, Clock(10, time.now, time.sleep))
    assert (list(done), failures) == (["slow"], {"late": "no time was left"})


def test_registries_get_two_fifths_of_the_time(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    attempt = function.module.attempt_each

    def attempt_each(tasks: Any, clock: Any) -> Any:
        given.append(clock.remaining)
        return attempt(tasks, clock)

    monkeypatch.setattr(function.module, "attempt_each", attempt_each)
    function.run()
    assert given == [40, 40, 100]  # the token, the registries, GitLab


def test_five_seconds_are_reserved_for_the_response(
    function: Function, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 60_000

    clocks: list[Any] = []
    (tmp_path / "configuration.json").write_text("{}")
    monkeypatch.setattr(function.module, "__file__", str(tmp_path / "handler.py"))
    monkeypatch.setattr(function.module, "run", lambda configuration, event, clock: clocks.append(clock))
    function.module.handler({}, Context())
    assert 54 < clocks[0].remaining <= 55


@pytest.mark.parametrize(("remaining", "timeout"), [(100, 10), (10.5, 10), (5, 5), (0.2, 1)])
def test_the_timeout_of_requests_to_gitlab(
    monkeypatch: pytest.MonkeyPatch, remaining: float, timeout: float
) -> None:
    used: list[float] = []

    def refuse(self: Any, *_: Any) -> None:
        used.append(self.timeout)
        raise ConnectionRefusedError

    monkeypatch.setattr("http.client.HTTPConnection.request", refuse)
    gitlab = GitLab("http://gitlab.example.com", "token", Clock(remaining, lambda: 0))
    with pytest.raises(TemporaryError, match="GitLab cannot be reached"):
        gitlab.find(variable("project 7"))
    assert used == [timeout]


@pytest.mark.parametrize(
    ("response", "error", "message", "wait"),
    [
        (answer(429, Retry_After="30"), TemporaryError, "GitLab answers 429", 30),
        (answer(429, Retry_After="Sun, 29 Nov 2026 21:00:00 GMT"), TemporaryError, "GitLab answers 429", 0),
        (answer(429), TemporaryError, "GitLab answers 429", 0),
        (answer(500), TemporaryError, "GitLab answers 500", 0),
        (answer(499), RefusedError, "GitLab answers 499", None),
        (answer(428), RefusedError, "GitLab answers 428", None),
        (answer(300), RefusedError, "GitLab answers 300", None),
        (
            answer(200, b"<html>"),
            RefusedError,
            "the response is not JSON, so it is not from GitLab's API",
            None,
        ),
        (END, TemporaryError, "GitLab cannot be reached (RemoteDisconnected)", 0),
    ],
)
def test_the_error_for_each_response_of_gitlab(
    response: bytes, error: type[Exception], message: str, wait: float | None
) -> None:
    with serving(response) as script:
        gitlab = GitLab(script.url, "token", Clock(100, lambda: 99))
        with pytest.raises((RefusedError, TemporaryError)) as raised:
            gitlab.find(variable("project 7"))
    assert (type(raised.value), str(raised.value)) == (error, message)
    assert getattr(raised.value, "wait", None) == wait


def test_the_content_of_requests_to_gitlab() -> None:
    content = json.dumps({"value": "old"}).encode()
    with serving(answer(200, content), answer(204), answer(404), answer(404)) as script:
        gitlab = GitLab(f"{script.url}gitlab/", "token", Clock(100, lambda: 0))
        assert gitlab.find(variable("group 42", environment_scope="review/*")) == {"value": "old"}
        gitlab.delete(variable("project 7"))
        assert gitlab.find(variable("project 7")) is None
        with pytest.raises(TemporaryError, match="the variable has just been removed"):
            gitlab.change(variable("project 7"), {"value": "new"})
    one = "variables/DOCKER_AUTH_CONFIG?filter%5Benvironment_scope%5D="
    assert [each.splitlines()[0] for each in script.requests] == [
        f"GET /gitlab/api/v4/groups/42/{one}review%2F%2A HTTP/1.1",
        f"DELETE /gitlab/api/v4/projects/7/{one}%2A HTTP/1.1",
        f"GET /gitlab/api/v4/projects/7/{one}%2A HTTP/1.1",
        f"PUT /gitlab/api/v4/projects/7/{one}%2A HTTP/1.1",
    ]
    assert all("PRIVATE-TOKEN: token" in each.splitlines() for each in script.requests)
    assert all("Content-Type: application/json" in each.splitlines() for each in script.requests)


@pytest.mark.parametrize(
    ("token", "accepted"), [("!~", True), ("two words", False), ("", False), ("gl\x7f", False), ("ü", False)]
)
def test_a_token_is_one_word(
    function: Function, gitlab: GitLabServer, monkeypatch: pytest.MonkeyPatch, token: str, accepted: bool
) -> None:
    monkeypatch.setattr(function.module, "stored", lambda source: f" {token}\n")
    monkeypatch.setattr(function.module, "_auths", lambda registries, clock: ({}, {}))
    assert ("the stored text is not a token" in function.failing()) is not accepted


def test_a_value_in_another_format_is_replaced(function: Function, gitlab: GitLabServer) -> None:
    function.run()
    (first,) = gitlab.variables("project 7")
    gitlab.variables("project 7")[0] = Variable(**{**vars(first), "value": "[1]"})
    function.run()
    assert gitlab.variables("project 7") == [first]
