"""Patches moto's KMS, which drops the period after which a key is rotated."""

import json
from collections.abc import Callable
from typing import Any

_USUAL_PERIOD = 365
"""In days; what AWS takes when nothing is said."""


def patch() -> None:
    """Change moto's classes in this process; a second call changes nothing."""
    from moto.kms import responses

    response_class: Any = responses.KmsResponse
    if not hasattr(response_class.enable_key_rotation, "patched"):
        response_class.enable_key_rotation = _keeping_period(response_class.enable_key_rotation)
        response_class.get_key_rotation_status = _showing_period(response_class.get_key_rotation_status)


def _keeping_period(original: Callable[[Any], str]) -> Callable[[Any], str]:
    def call(response: Any) -> str:
        answer = original(response)
        period = response._get_param("RotationPeriodInDays")
        _key(response).rotation_period = period or _USUAL_PERIOD
        return answer

    call.patched = True  # type: ignore[attr-defined]
    return call


def _showing_period(original: Callable[[Any], str]) -> Callable[[Any], str]:
    def call(response: Any) -> str:
        answer = json.loads(original(response))
        if answer["KeyRotationEnabled"]:
            answer["RotationPeriodInDays"] = getattr(_key(response), "rotation_period", _USUAL_PERIOD)
        return json.dumps(answer)

    return call


def _key(response: Any) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]
