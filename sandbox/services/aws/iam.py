"""Patches moto's IAM, which cannot change the client ids of an OpenID Connect provider.

moto's server has a thread for each request, and its IAM iterates over its roles while another thread adds
one. So requests to IAM are serialized.
"""

from collections.abc import Callable
from threading import RLock
from typing import Any

_ONE_AT_A_TIME = RLock()


def patch() -> None:
    """Patch moto's classes in this process; idempotent."""
    from moto.iam import responses

    actions: Any = responses.IamResponse
    actions.add_client_id_to_open_id_connect_provider = _changing(_add)
    actions.remove_client_id_from_open_id_connect_provider = _changing(_remove)
    if "call_action" not in vars(actions):
        actions.call_action = _after_the_others(actions.call_action)


def _after_the_others(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(response: Any) -> Any:
        with _ONE_AT_A_TIME:
            return original(response)

    return call


def _changing(change: Callable[[list[str], str], list[str]]) -> Callable[[Any], Any]:
    def call(response: Any) -> Any:
        from moto.core.responses import EmptyResult

        arn = response._get_param("OpenIDConnectProviderArn")
        provider = response.backend.get_open_id_connect_provider(arn)
        provider.client_id_list = change(provider.client_id_list, response._get_param("ClientID"))
        return EmptyResult()

    return call


def _add(clients: list[str], client: str) -> list[str]:
    return clients if client in clients else [*clients, client]


def _remove(clients: list[str], client: str) -> list[str]:
    return [one for one in clients if one != client]
