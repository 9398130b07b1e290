"""Patches moto's IAM, which has no quotas for the size and the number of a role's policies.

The numbers are the defaults in docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, without
white space. The messages are from reports of AWS's users.
"""

import re
from collections.abc import Callable
from typing import Any

from moto.iam.exceptions import LimitExceededException
from moto.iam.models import IAMBackend

from sandbox.services.aws.patching import around

_INLINE, _ATTACHED = 10_240, 10
_DOCUMENTS = {
    "create_role": (1, "ACLSizePerRole", 2_048),
    "update_assume_role_policy": (1, "ACLSizePerRole", 2_048),
    "create_policy": (2, "PolicySize", 6_144),
    "create_policy_version": (1, "PolicySize", 6_144),
}
"""The methods with a policy document: its position in the arguments, its quota's name and characters."""


def _limit(method: str, place: int, quota: str, most: int) -> None:
    def call(original: Callable[..., Any], backend: Any, *given: Any) -> Any:
        if _size(given[place]) > most:
            raise LimitExceededException(f"Cannot exceed quota for {quota}: {most}")
        return original(backend, *given)

    call.__name__ = method
    around(IAMBackend)(call)


for _method, _quota in _DOCUMENTS.items():
    _limit(_method, *_quota)


@around(IAMBackend)
def put_role_policy(
    original: Callable[..., Any], backend: Any, role_name: str, policy_name: str, policy_json: str
) -> Any:
    """Limit the inline policies of a role together."""
    policies = {**backend.get_role(role_name).policies, policy_name: policy_json}
    if sum(map(_size, policies.values())) > _INLINE:
        raise LimitExceededException(f"Maximum policy size of {_INLINE} bytes exceeded for role {role_name}")
    return original(backend, role_name, policy_name, policy_json)


@around(IAMBackend)
def attach_role_policy(original: Callable[..., Any], backend: Any, policy_arn: str, role_name: str) -> Any:
    """Limit the number of policies that are attached to a role."""
    attached = backend.get_role(role_name).managed_policies
    if policy_arn not in attached and len(attached) >= _ATTACHED:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {_ATTACHED}")
    return original(backend, policy_arn, role_name)


def _size(document: str) -> int:
    return len(re.sub(r"\s", "", document))
