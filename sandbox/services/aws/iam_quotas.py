"""Patches moto's IAM, which has no quotas for the size and the number of a role's policies.

The numbers are the defaults in docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, without
white space. The messages are from reports of AWS's users.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

_INLINE, _ATTACHED = 10_240, 10
_DOCUMENTS = {
    "create_role": (1, "ACLSizePerRole", 2_048),
    "update_assume_role_policy": (1, "ACLSizePerRole", 2_048),
    "create_policy": (2, "PolicySize", 6_144),
    "create_policy_version": (1, "PolicySize", 6_144),
}
"""The methods with a policy document: its position in the arguments, its quota's name and characters."""


def patch() -> None:
    """Patch moto's classes in this process; idempotent."""
    from moto.iam import models

    backend: Any = models.IAMBackend
    if hasattr(backend.put_role_policy, "__wrapped__"):
        return
    for name, limit in _DOCUMENTS.items():
        setattr(backend, name, _limited(getattr(backend, name), *limit))
    backend.put_role_policy = _limited_together(backend.put_role_policy)
    backend.attach_role_policy = _limited_in_number(backend.attach_role_policy)


def _limited(original: Callable[..., Any], place: int, quota: str, most: int) -> Callable[..., Any]:
    @wraps(original)
    def call(backend: Any, *given: Any) -> Any:
        if _size(given[place]) > most:
            _refuse(f"Cannot exceed quota for {quota}: {most}")
        return original(backend, *given)

    return call


def _limited_together(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def put(backend: Any, role_name: str, policy_name: str, policy_json: str) -> Any:
        policies = {**backend.get_role(role_name).policies, policy_name: policy_json}
        if sum(map(_size, policies.values())) > _INLINE:
            _refuse(f"Maximum policy size of {_INLINE} bytes exceeded for role {role_name}")
        return original(backend, role_name, policy_name, policy_json)

    return put


def _limited_in_number(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def attach(backend: Any, policy_arn: str, role_name: str) -> Any:
        attached = backend.get_role(role_name).managed_policies
        if policy_arn not in attached and len(attached) >= _ATTACHED:
            _refuse(f"Cannot exceed quota for PoliciesPerRole: {_ATTACHED}")
        return original(backend, policy_arn, role_name)

    return attach


def _size(document: str) -> int:
    return len(re.sub(r"\s", "", document))


def _refuse(message: str) -> None:
    from moto.iam.exceptions import LimitExceededException

    raise LimitExceededException(message)
