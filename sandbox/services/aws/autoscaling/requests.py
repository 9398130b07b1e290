"""The group in a request to Auto Scaling, and the errors of the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.autoscaling.exceptions import ValidationError

from sandbox.services.aws.autoscaling.simulation import Refused


def group_of(response: Any) -> Any:
    """The group that a request names."""
    name = response._get_param("AutoScalingGroupName")
    group = response.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise validation_error("AutoScalingGroup name not found - null")
    return group


def validation_error(message: str) -> Exception:
    """The API's ValidationError."""
    return ValidationError(message)


def error(code: str, message: str) -> Exception:
    """The API's error with the code ``code``."""
    made = ValidationError(message)
    made.code = code
    return made


@contextmanager
def api_errors() -> Iterator[None]:
    """Convert an error of the simulation into an error of the API."""
    try:
        yield
    except Refused as refused:
        raise error(refused.code, str(refused)) from refused
