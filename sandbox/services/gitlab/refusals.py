"""The error responses of GitLab's API, in its formats.

GitLab has two: `{"message": …}` from its own code, and `{"error": …}` from the framework (Grape) that parses
parameters.
Source: `lib/api/helpers.rb` and `lib/api/api_guard.rb` of GitLab.
"""

from collections.abc import Mapping
from typing import Any

Errors = dict[str, list[str]]
"""The messages by attribute."""


class RefusalError(Exception):
    """A request that gets an error response.

    Args:
        status: the HTTP status.
        body: the JSON body of the response.
        headers: the headers of the response.
    """

    def __init__(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def invalid_parameters(problems: list[str]) -> RefusalError:
    """Parameters that are missing, unknown or of the wrong type or value."""
    return RefusalError(400, {"error": ", ".join(problems)})


def bad_request(reason: str) -> RefusalError:
    """A request that one of GitLab's services refuses, with its reason."""
    return RefusalError(400, {"message": f"400 Bad request - {reason}"})


def invalid(errors: Errors) -> RefusalError:
    """An invalid object: the messages by attribute."""
    return RefusalError(400, {"message": errors})


def unauthorized() -> RefusalError:
    """No token, or an unknown one."""
    return RefusalError(401, {"message": "401 Unauthorized"})


def forbidden(reason: str = "") -> RefusalError:
    """A user without the required permission."""
    return RefusalError(403, {"message": f"403 Forbidden - {reason}" if reason else "403 Forbidden"})


def job_not_running(status: str) -> RefusalError:
    """An update of a job that is not running: the runner stops sending updates."""
    return RefusalError(
        403, {"message": "403 Forbidden - Job is not processing on runner"}, {"Job-Status": status}
    )


def range_not_satisfiable(size: int) -> RefusalError:
    """A part of a trace with a gap; the runner continues from the size in the response."""
    return RefusalError(416, {"error": "416 Range Not Satisfiable"}, {"Range": f"0-{size}"})


def insufficient_scope() -> RefusalError:
    """A token whose scopes do not include this request.

    GitLab lists the scopes of its whole API, and for some endpoints additional ones before them.
    """
    return RefusalError(
        403,
        {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": "api read_api",
        },
    )


def not_found(kind: str = "") -> RefusalError:
    """An object that does not exist, or is not visible to the user."""
    return RefusalError(404, {"message": f"404 {kind} Not Found" if kind else "404 Not found"})


def conflict(message: str) -> RefusalError:
    """A request that matches more than one object."""
    return RefusalError(409, {"message": message})


def blank(value: str) -> list[str]:
    """The error of an empty value."""
    return [] if value.strip() else ["can't be blank"]


def too_long(value: str | None, most: int) -> list[str]:
    """The error of a value of more characters."""
    return [f"is too long (maximum is {most} characters)"] if len(value or "") > most else []


def present(errors: Errors) -> Errors:
    """The attributes that have errors."""
    return {attribute: messages for attribute, messages in errors.items() if messages}


def require_valid(errors: Errors) -> None:
    """Raises 400 with the errors, if there are any."""
    if found := present(errors):
        raise invalid(found)


def inspected(errors: Errors) -> str:
    """Errors in the form of Ruby's `inspect`, which some messages contain."""
    shown = ", ".join(f':{attribute}=>["{messages[0]}"]' for attribute, messages in errors.items())
    return f"{{{shown}}}"
