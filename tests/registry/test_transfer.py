"""Retries between registries: after which answers, how often, how long apart, and the final error."""

import json
from email.message import Message

import pytest
from pulumi_gitlab_runner.http.client import Answer
from pulumi_gitlab_runner.http.errors import (
    HttpError,
    NotTrustedError,
    RedirectError,
    TooLargeError,
    UnreachableError,
)
from pulumi_gitlab_runner.registry.answer import Outcome
from pulumi_gitlab_runner.registry.connection import Connection, Refusal
from pulumi_gitlab_runner.registry.transfer import TransferError, expect, repeated, transfer_errors

HOST = "registry.example.com"


@pytest.fixture
def connection() -> Connection:
    return Connection(HOST, None, 1)


def tried(*errors: TransferError | None) -> tuple[str, list[float]]:
    """The result of attempts that fail with these errors, and the pauses between them."""
    left, pauses = list(errors), list[float]()

    def attempt() -> str:
        error = left.pop(0)
        if error:
            raise error
        return "done"

    try:
        return repeated(attempt, pauses.append), pauses
    except TransferError as error:
        return str(error), pauses


def passing(after: float | None = None) -> TransferError:
    return TransferError("busy", passing=True, after=after)


@pytest.mark.parametrize(
    ("errors", "result", "pauses"),
    [
        ((None,), "done", []),
        ((passing(), None), "done", [1]),
        ((passing(), passing(), passing(), None), "done", [1, 2, 4]),
        ((passing(), passing(), passing(), passing()), "busy", [1, 2, 4]),
        ((passing(0), passing(60), passing(7), None), "done", [0, 60, 7]),
        ((passing(60.1), None), "busy", []),
        ((passing(), TransferError("refused"), None), "refused", [1]),
    ],
)
def test_how_often_and_how_long_apart(
    errors: tuple[TransferError | None, ...], result: str, pauses: list[float]
) -> None:
    assert tried(*errors) == (result, pauses)


def refusal(connection: Connection, status: int, content: bytes = b"", **headers: str) -> TransferError:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    with pytest.raises(TransferError) as raised:
        expect(Answer(status, message, content), (200, 404), connection, "reading a")
    return raised.value


@pytest.mark.parametrize(
    ("status", "meaning", "again"),
    [
        (400, "", False),
        (401, ", it refuses the credentials", False),
        (403, ", it denies access to these credentials", False),
        (405, ", it does not allow deleting images", False),
        (408, "", True),
        (413, ", the content is larger than it accepts", False),
        (425, "", True),
        (429, ", too many requests", True),
        (500, "", True),
        (501, "", False),
        (502, "", True),
        (503, "", True),
        (504, "", True),
        (507, ", its storage is full", False),
    ],
)
def test_each_status_that_is_not_expected(
    connection: Connection, status: int, meaning: str, again: bool
) -> None:
    error = refusal(connection, status)
    assert (str(error), error.passing, error.after) == (
        f"reading a: {HOST} answers with status {status}{meaning}",
        again,
        None,
    )
    for expected in (200, 404):
        expect(Answer(expected, Message(), b""), (200, 404), connection, "reading a")


@pytest.mark.parametrize(
    ("value", "after"), [("0", 0.0), ("61", 61.0), ("-1", None), ("1.5", None), ("٣", None), ("", None)]
)
def test_the_pause_that_a_registry_asks_for(connection: Connection, value: str, after: float | None) -> None:
    assert refusal(connection, 429, Retry_After=value).after == after


@pytest.mark.parametrize(
    ("content", "quoted"),
    [
        ({"errors": [{"code": "DENIED", "message": "not you"}, {"code": "OTHER"}]}, ": not you"),
        ({"errors": [{"code": "DENIED", "message": ""}]}, ": DENIED"),
        ({"errors": [{"code": "DENIED"}]}, ": DENIED"),
        ({"errors": [{"message": "x" * 201}]}, f": {'x' * 200}"),
        ({"errors": []}, ""),
        ({"errors": [{}]}, ""),
        ({}, ""),
        ([], ""),
    ],
)
def test_the_message_of_a_registry_is_quoted(connection: Connection, content: object, quoted: str) -> None:
    error = refusal(connection, 400, json.dumps(content).encode())
    assert str(error) == f"reading a: {HOST} answers with status 400{quoted}"


@pytest.mark.parametrize(
    ("error", "message", "again"),
    [
        (UnreachableError("is away"), f"writing: {HOST} is away", True),
        (NotTrustedError("old"), f"writing: {HOST} has a certificate that is not trusted: old", False),
        (RedirectError("redirects"), f"writing: {HOST} redirects", False),
        (TooLargeError("sends more"), f"writing: {HOST} sends more", False),
        (Refusal(Outcome.FAILED, "it fails"), "writing: it fails", True),
        (Refusal(Outcome.TOO_MANY_REQUESTS, "too many"), "writing: too many", True),
        (Refusal(Outcome.FORBIDDEN, "forbidden"), "writing: forbidden", False),
        (Refusal(Outcome.UNAUTHORIZED, "refused"), "writing: refused", False),
    ],
)
def test_each_error_of_a_connection(
    connection: Connection, error: HttpError | Refusal, message: str, again: bool
) -> None:
    with pytest.raises(TransferError) as raised, transfer_errors(connection, "writing"):
        raise error
    assert (str(raised.value), raised.value.passing) == (message, again)
