"""The answers of credential helpers as the runner reads them: docker-credential-helpers, client/client.go."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.auth.resolution.helpers import (
    HelperAnswer,
    HelperFailure,
    get,
    list_registries,
    program_name,
)
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret

NOT_FOUND = 'exec: "docker-credential-h": executable file not found in $PATH'
HOST = "registry.example.com"


class Helper:
    """A helper that always gives the same answer, or cannot be run."""

    def __init__(self, answer: HelperAnswer | OSError) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, str]] = []

    def __call__(self, program: str, action: str, server: str) -> HelperAnswer:
        self.asked.append((program, action, server))
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


def answered(**fields: Any) -> HelperAnswer:
    """A helper's answer in JSON."""
    return HelperAnswer(0, json.dumps(fields))


def test_the_program_of_a_helper() -> None:
    assert program_name("ecr-login") == "docker-credential-ecr-login"


@pytest.mark.parametrize(
    ("answer", "credentials"),
    [
        (answered(ServerURL=HOST, Username="me", Secret="word"), Credentials("me", Secret("word"))),
        (answered(username="me"), Credentials("me")),
        (answered(Username="<token>", Secret="t"), Credentials(identity_token=Secret("t"))),
        (HelperAnswer(1, "credentials not found in native keychain\n"), None),
    ],
)
def test_the_credentials_of_a_helpers_answer(answer: HelperAnswer, credentials: Credentials | None) -> None:
    helper = Helper(answer)
    assert get(helper, "h", HOST) == credentials
    assert helper.asked == [("docker-credential-h", "get", HOST)]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (HelperAnswer(1, ""), "error getting credentials - err: exit status 1, out: ``"),
        (HelperAnswer(2, "canary"), "error getting credentials - err: exit status 2, out: `…`"),
        *(
            (HelperAnswer(1, f"{known}\n"), f"error getting credentials - err: {known}, out: `…`")
            for known in ("no credentials server URL", "no credentials username")
        ),
        (HelperAnswer(0, " \n"), "the answer is empty"),
        (HelperAnswer(0, "canary"), "the answer is not JSON"),
        (HelperAnswer(0, "[]"), "the answer is a list, not an object"),
        (answered(Username=1), "Username in the answer is a number, not a string"),
        (answered(Secret=[]), "Secret in the answer is a list, not a string"),
        (answered(ServerURL=True), "ServerURL in the answer is true or false, not a string"),
        (
            FileNotFoundError(),
            f"error getting credentials - err: {NOT_FOUND}, out: ``",
        ),
        (TimeoutError(), "error getting credentials - err: it did not answer in time, out: ``"),
        (
            PermissionError(13, "Permission denied"),
            "error getting credentials - err: permission denied, out: ``",
        ),
        (OSError(), "error getting credentials - err: it cannot be run, out: ``"),
    ],
)
def test_a_helper_that_fails(answer: HelperAnswer | OSError, message: str) -> None:
    with pytest.raises(HelperFailure) as raised:
        get(Helper(answer), "h", HOST)
    assert (raised.value.program, raised.value.text) == ("docker-credential-h", message)
    assert str(raised.value) == f"docker-credential-h: {message}"


def test_the_registries_that_a_helper_lists() -> None:
    helper = Helper(answered(**{"b.example": "me", "a.example": None}))
    assert list_registries(helper, "h") == ["a.example", "b.example"]
    assert helper.asked == [("docker-credential-h", "list", "unused")]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (HelperAnswer(1, "canary"), "error listing credentials - err: exit status 1, out: `…`"),
        (HelperAnswer(0, "{"), "the answer is not JSON"),
        (HelperAnswer(0, "[]"), "the answer is a list, not an object"),
        (answered(a=1), "a user in the answer is a number, not a string"),
        (TimeoutError(), "error listing credentials - err: it did not answer in time, out: ``"),
    ],
)
def test_a_helper_that_fails_to_list(answer: HelperAnswer | OSError, message: str) -> None:
    with pytest.raises(HelperFailure) as raised:
        list_registries(Helper(answer), "h")
    assert raised.value.text == message


def test_the_representation_of_a_secret_hides_it() -> None:
    assert [repr(Secret(each)) for each in ("word", "")] == ["Secret(…)", "Secret()"]
    assert [bool(Secret(each)) for each in ("word", "")] == [True, False]
