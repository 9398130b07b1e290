"""What the requests of ECR hold, and their answers."""

import json
from typing import Any


def given(response: Any) -> dict[str, Any]:
    """The arguments of a request."""
    arguments: dict[str, Any] = json.loads(response.body)
    return arguments


def answer(result: dict[str, Any]) -> Any:
    """The answer ``result``."""
    from moto.core.responses import ActionResult

    return ActionResult(result)


def error(code: str, message: str) -> Exception:
    """The API's error ``code``."""
    from moto.ecr.exceptions import InvalidParameterException

    # One of moto's own for ECR: by its module moto finds the form of the answer.
    made: Exception = InvalidParameterException(message)
    made.code = code  # type: ignore[attr-defined]
    return made
