"""The refusals of GitLab's API, in its shapes.

GitLab has two: `{"message": …}` from its own code and `{"error": …}` from the framework (Grape) that reads
parameters.
Source: `lib/api/helpers.rb` and `lib/api/api_guard.rb` of GitLab.
"""

from collections.abc import Mapping
from typing import Any


class RefusalError(Exception):
    """A request that is answered with an error.

    Args:
        status: the HTTP status.
        body: the answer's JSON.
        headers: of the answer.
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
    """A request that a service refused, with its reason."""
    return RefusalError(400, {"message": f"400 Bad request - {reason}"})


def invalid(errors: dict[str, list[str]]) -> RefusalError:
    """An object that breaks the rules of its kind: attribute to messages."""
    return RefusalError(400, {"message": errors})


def unauthorized() -> RefusalError:
    """No token, or one that is not known."""
    return RefusalError(401, {"message": "401 Unauthorized"})


def forbidden(reason: str = "") -> RefusalError:
    """A user who may not do this."""
    return RefusalError(403, {"message": f"403 Forbidden - {reason}" if reason else "403 Forbidden"})


def job_not_running(status: str) -> RefusalError:
    """A job that has ended, or has not begun: the runner that sends more of it stops."""
    return RefusalError(
        403, {"message": "403 Forbidden - Job is not processing on runner"}, {"Job-Status": status}
    )


def range_not_satisfiable(size: int) -> RefusalError:
    """A part of a trace that does not follow the stored one; the runner continues from there."""
    return RefusalError(416, {"error": "416 Range Not Satisfiable"}, {"Range": f"0-{size}"})


def insufficient_scope() -> RefusalError:
    """A token whose scopes do not reach this request.

    GitLab names the scopes of its whole API for each of them, and before them those of some endpoints alone.
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
    """An object that is not there, or that the user may not see."""
    return RefusalError(404, {"message": f"404 {kind} Not Found" if kind else "404 Not found"})


def conflict(message: str) -> RefusalError:
    """A request that names more than one object."""
    return RefusalError(409, {"message": message})
