"""The errors of transfers between registries, and their retries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.client import Answer
from pulumi_gitlab_runner.http.errors import HttpError, NotTrustedError, RedirectError, TooLargeError
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.registry.answer import Outcome
from pulumi_gitlab_runner.registry.connection import Connection, Refusal

ATTEMPTS = 4
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""The longest accepted pause before a retry; if a registry requests a longer one, there is no retry."""

_MEANING = {
    401: "it refuses the credentials",
    403: "it denies access to these credentials",
    404: "it has no such repository, or no such image in it",
    405: "it does not allow deleting images",
    413: "the content is larger than it accepts",
    429: "too many requests",
    507: "its storage is full",
}
_PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Status codes after which a retry may work."""

_Result = TypeVar("_Result")


class TransferError(Exception):
    """A transfer failed; the message is one line, without secrets.

    Attributes:
        passing: whether a retry may work.
        after: the number of seconds to wait before a retry, from the registry; None if it requests none.
    """

    def __init__(self, message: str, *, passing: bool = False, after: float | None = None) -> None:
        super().__init__(message)
        self.passing = passing
        self.after = after


def repeated(attempt: Callable[[], _Result], pause: Callable[[float], object]) -> _Result:
    """The result of the first successful attempt, with growing pauses in seconds between attempts.

    Raises:
        TransferError: the error of the last attempt, or of one after which a retry is useless.
    """
    for number in range(ATTEMPTS - 1):
        try:
            return attempt()
        except TransferError as error:
            wait = FIRST_PAUSE_S * 2**number if error.after is None else error.after
            if not error.passing or wait > LONGEST_PAUSE_S:
                raise
        pause(wait)
    return attempt()


@contextmanager
def transfer_errors(connection: Connection, doing: str) -> Iterator[None]:
    """Convert every connection failure into a `TransferError` that names the operation."""
    host = connection.host
    try:
        yield
    except Refusal as refusal:
        passing = refusal.answer.outcome in (Outcome.TOO_MANY_REQUESTS, Outcome.FAILED)
        raise TransferError(f"{doing}: {refusal}", passing=passing) from None
    except HttpError as error:
        final = isinstance(error, NotTrustedError | RedirectError | TooLargeError)
        raise TransferError(printable(f"{doing}: {host} {error}"), passing=not final) from None


def expect(answer: Answer, statuses: tuple[int, ...], connection: Connection, doing: str) -> None:
    """Check the status of a response.

    Raises:
        TransferError: the status is not an expected one.
    """
    status = answer.status
    if status in statuses:
        return
    meaning = f", {_MEANING[status]}" if status in _MEANING else ""
    said, after = _said(answer), answer.headers.get("retry-after", "")
    raise TransferError(
        f"{doing}: {connection.host} answers with status {status}{meaning}{said and f': {said}'}",
        passing=status in _PASSING,
        after=float(after) if after.isascii() and after.isdigit() else None,
    )


def _said(answer: Answer) -> str:
    """The message of the first error in the response; empty if it has none."""
    try:
        first = read_json(answer.content)["errors"][0]
        return printable(str(first.get("message") or first["code"]))[:200]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
