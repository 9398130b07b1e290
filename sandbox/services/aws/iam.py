"""Patches moto's IAM, which has no quotas for the size and the number of a role's policies.

The quotas are the defaults in docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, without
white space. The messages are from reports of AWS's users.

moto cannot change the client ids of an OpenID Connect provider. For each account, and at each reset, it reads
the 1,582 policies of AWS again: here, it copies them.

moto's server has a thread for each request, and its IAM iterates over its roles while another thread adds
one. So requests to IAM are serialized.
"""

import re
from collections.abc import Callable
from copy import copy
from threading import RLock
from typing import Any

from moto.core.responses import EmptyResult
from moto.iam.exceptions import LimitExceededException
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse

from sandbox.services.aws.patching import around, method_of

_ONE_AT_A_TIME = RLock()

_INLINE, _ATTACHED = 10_240, 10
_DOCUMENTS = {
    "create_role": (1, "ACLSizePerRole", 2_048),
    "update_assume_role_policy": (1, "ACLSizePerRole", 2_048),
    "create_policy": (2, "PolicySize", 6_144),
    "create_policy_version": (1, "PolicySize", 6_144),
}
"""The methods with a policy document: its position in the arguments, its quota's name and characters."""

_policies: dict[tuple[str, str], list[Any]] = {}
"""The policies of AWS, by account and partition."""


@around(IAMBackend)
def _init_aws_policies(original: Callable[[Any], list[Any]], backend: Any) -> list[Any]:
    """Return copies of the policies, each of which counts how often it is attached."""
    place = backend.account_id, backend.region_name
    if place not in _policies:
        _policies[place] = original(backend)
    return [copy(policy) for policy in _policies[place]]


@around(IamResponse)
def call_action(original: Callable[[Any], Any], response: Any) -> Any:
    """Handle one request at a time."""
    with _ONE_AT_A_TIME:
        return original(response)


@method_of(IamResponse)
def add_client_id_to_open_id_connect_provider(response: Any) -> EmptyResult:
    """Add a client id, if the provider does not have it."""
    provider, client = _asked(response)
    if client not in provider.client_id_list:
        provider.client_id_list = [*provider.client_id_list, client]
    return EmptyResult()


@method_of(IamResponse)
def remove_client_id_from_open_id_connect_provider(response: Any) -> EmptyResult:
    """Remove a client id."""
    provider, client = _asked(response)
    provider.client_id_list = [one for one in provider.client_id_list if one != client]
    return EmptyResult()


def _asked(response: Any) -> tuple[Any, str]:
    """The provider and the client id of a request."""
    arn = response._get_param("OpenIDConnectProviderArn")
    return response.backend.get_open_id_connect_provider(arn), response._get_param("ClientID")


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
