"""Mends moto's IAM, which cannot change the clients of an OpenID Connect provider."""

from collections.abc import Callable
from typing import Any


def mend() -> None:
    """Change moto's classes in this process; a second call changes nothing."""
    from moto.iam import responses

    actions: Any = responses.IamResponse
    actions.add_client_id_to_open_id_connect_provider = _changing(_add)
    actions.remove_client_id_from_open_id_connect_provider = _changing(_remove)


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
