"""Patches moto's IAM, which cannot change the client ids of an OpenID Connect provider.

moto's server has a thread for each request, and its IAM iterates over its roles while another thread adds
one. So requests to IAM are serialized.
"""

from collections.abc import Callable
from threading import RLock
from typing import Any

from moto.core.responses import EmptyResult
from moto.iam.responses import IamResponse

from sandbox.services.aws.patching import around, method_of

_ONE_AT_A_TIME = RLock()


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
