"""The group in a request to Auto Scaling, and the errors of the API."""

from typing import Any


def group_of(response: Any) -> Any:
    """The group that a request names."""
    name = response._get_param("AutoScalingGroupName")
    group = response.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise validation_error("AutoScalingGroup name not found - null")
    return group


def validation_error(message: str) -> Exception:
    """The API's ValidationError."""
    from moto.autoscaling.exceptions import ValidationError

    return ValidationError(message)


def error(code: str, message: str) -> Exception:
    """The API's error with the code ``code``."""
    made = validation_error(message)
    made.code = code  # type: ignore[attr-defined]
    return made
