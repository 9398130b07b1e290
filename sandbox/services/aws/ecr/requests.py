"""The arguments of requests to ECR, and its responses."""

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import InvalidParameterException


def given(response: Any) -> dict[str, Any]:
    """The arguments of a request."""
    arguments: dict[str, Any] = json.loads(response.body)
    return arguments


def answer(result: dict[str, Any]) -> Any:
    """The response with ``result``."""
    return ActionResult(result)


def error(code: str, message: str) -> Exception:
    """The API's error with the code ``code``."""
    # moto's own class for ECR: moto chooses the response format by its module.
    made = InvalidParameterException(message)
    made.code = code
    return made
