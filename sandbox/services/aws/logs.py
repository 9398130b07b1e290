"""Patches moto's CloudWatch Logs, which cannot change a group's key."""

from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse

from sandbox.services.aws.patching import method_of


@method_of(LogsResponse)
def associate_kms_key(response: Any) -> str:
    """Set the key of a group."""
    return _set_key(response, response._get_param("kmsKeyId"))


@method_of(LogsResponse)
def disassociate_kms_key(response: Any) -> str:
    """Remove the key of a group."""
    return _set_key(response, None)


def _set_key(response: Any, key: str | None) -> str:
    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    if group is None:
        raise ResourceNotFoundException()
    group.kms_key_id = key
    return ""
