"""Patches moto's CloudWatch Logs, which cannot change a group's key."""

from typing import Any


def patch() -> None:
    """Patch moto's classes in this process; idempotent."""
    from moto.logs import responses

    actions: Any = responses.LogsResponse
    actions.associate_kms_key = lambda response: _set_key(response, response._get_param("kmsKeyId"))
    actions.disassociate_kms_key = lambda response: _set_key(response, None)


def _set_key(response: Any, key: str | None) -> str:
    _group(response).kms_key_id = key
    return ""


def _group(response: Any) -> Any:
    from moto.logs.exceptions import ResourceNotFoundException

    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    if group is None:
        raise ResourceNotFoundException()
    return group
