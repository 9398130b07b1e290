"""OpenID Connect providers, whose tokens can assume a role.

Source of updates and replacements: the official provider's
``internal/service/iam/openid_connect_provider.go``.
"""

from sandbox.providers.aws.resource import TAGS
from sandbox.providers.aws.shapes import OwnText
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import SetOf, Text
from sandbox.standin.values import Properties


def _same_address(old: str, new: str) -> bool:
    """Whether two URLs are equal: the service returns them without the scheme."""
    return old.removeprefix("https://") == new.removeprefix("https://")


class OpenIdConnectProvider(TableResource):
    """An OpenID Connect provider. Its id is its ARN."""

    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    service = "iam"
    gone = ("NoSuchEntity",)
    inputs = {
        "url": OwnText(required=True, replaces=True, same=_same_address),
        "clientIdLists": SetOf(Text(), required=True),
        **TAGS,
    }
    outputs = {"arn": Text()}
    makes, shows = "CreateOpenIDConnectProvider", "GetOpenIDConnectProvider"
    removes, tagged = "DeleteOpenIDConnectProvider", "OpenIDConnectProvider"
    chosen = "OpenIDConnectProviderArn"

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        live = super().describe(resource_id, known)
        return live and {**live, "arn": resource_id}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        provider = {"OpenIDConnectProviderArn": resource_id}
        before, after = set(old["clientIdLists"]), set(new["clientIdLists"])
        for client in sorted(after - before):
            self.client.add_client_id_to_open_id_connect_provider(**provider, ClientID=client)
        for client in sorted(before - after):
            self.client.remove_client_id_from_open_id_connect_provider(**provider, ClientID=client)
