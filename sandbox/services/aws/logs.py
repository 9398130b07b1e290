"""Patches moto's CloudWatch Logs, which drops a group's class and cannot change its key."""

from collections.abc import Callable
from typing import Any


def patch() -> None:
    """Change moto's classes in this process; a second call changes nothing."""
    from moto.logs import models, responses

    actions: Any = responses.LogsResponse
    group: Any = models.LogGroup
    if hasattr(actions, "associate_kms_key"):
        return
    actions.create_log_group = _keeping_class(actions.create_log_group)
    group.to_describe_dict = _showing_class(group.to_describe_dict)
    actions.associate_kms_key = lambda response: _set_key(response, response._get_param("kmsKeyId"))
    actions.disassociate_kms_key = lambda response: _set_key(response, None)


def _keeping_class(original: Callable[[Any], str]) -> Callable[[Any], str]:
    def create(response: Any) -> str:
        answer = original(response)
        _group(response).log_group_class = response._get_param("logGroupClass") or "STANDARD"
        return answer

    return create


def _showing_class(original: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    return lambda group: {**original(group), "logGroupClass": vars(group).get("log_group_class", "STANDARD")}


def _set_key(response: Any, key: str | None) -> str:
    _group(response).kms_key_id = key
    return ""


def _group(response: Any) -> Any:
    from moto.logs.exceptions import ResourceNotFoundException

    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    if group is None:
        raise ResourceNotFoundException()
    return group
