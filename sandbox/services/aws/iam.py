"""Patches moto's IAM, which cannot change the client ids of an OpenID Connect provider.

For each account, and at each reset, it reads the 1,582 policies of AWS again: here, it copies them.

moto's server has a thread for each request, and its IAM iterates over its roles while another thread adds
one. So requests to IAM are serialized.
"""

from collections.abc import Callable
from copy import copy
from threading import RLock
from typing import Any

from moto.core.responses import EmptyResult
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse

from sandbox.services.aws.patching import around, method_of

_ONE_AT_A_TIME = RLock()


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
