"""OpenID Connect providers, whose tokens may take a role.

Source of what replaces and what is updated: the official provider's
``internal/service/iam/openid_connect_provider.go``.
"""

from sandbox.providers.aws.resource import TAGS, AwsResource, given, tag_changes, tag_list, tag_map
from sandbox.standin.properties import ListOf, SetOf, Text
from sandbox.standin.values import Properties


def _same_address(old: str, new: str) -> bool:
    """The service shows the address without its scheme."""
    return old.removeprefix("https://") == new.removeprefix("https://")


class OpenIdConnectProvider(AwsResource):
    """An OpenID Connect provider. Its id is its ARN."""

    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    service = "iam"
    gone = ("NoSuchEntity",)
    inputs = {
        "url": Text(
            required=True,
            replaces=True,
            pattern="https://[^?]+",
            pattern_meaning="an https address without a query",
            same=_same_address,
        ),
        "clientIdLists": SetOf(Text(minimum_length=1, maximum_length=255), required=True),
        "thumbprintLists": ListOf(Text(minimum_length=40, maximum_length=40), computed=True),
        **TAGS,
    }
    outputs = {"arn": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the provider."""
        made = self.client.create_open_id_connect_provider(
            Url=inputs["url"],
            ClientIDList=inputs["clientIdLists"],
            **given(
                {
                    "ThumbprintList": inputs.get("thumbprintLists"),
                    "Tags": tag_list(inputs.get("tagsAll")),
                }
            ),
        )
        return str(made["OpenIDConnectProviderArn"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The provider as it is now."""
        live = self.client.get_open_id_connect_provider(OpenIDConnectProviderArn=resource_id)
        return {
            "url": live["Url"],
            "clientIdLists": live["ClientIDList"],
            "thumbprintLists": live["ThumbprintList"],
            "tagsAll": tag_map(live.get("Tags")),
            "arn": resource_id,
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change who may use it, its thumbprints and its tags."""
        provider = {"OpenIDConnectProviderArn": resource_id}
        if "thumbprintLists" in changed:
            self.client.update_open_id_connect_provider_thumbprint(
                **provider, ThumbprintList=new["thumbprintLists"]
            )
        if "clientIdLists" in changed:
            before, after = set(old["clientIdLists"]), set(new["clientIdLists"])
            for client in sorted(after - before):
                self.client.add_client_id_to_open_id_connect_provider(**provider, ClientID=client)
            for client in sorted(before - after):
                self.client.remove_client_id_from_open_id_connect_provider(**provider, ClientID=client)
        if "tagsAll" in changed:
            added, removed = tag_changes(old, new)
            if removed:
                self.client.untag_open_id_connect_provider(**provider, TagKeys=removed)
            if added:
                self.client.tag_open_id_connect_provider(**provider, Tags=tag_list(added))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the provider."""
        self.client.delete_open_id_connect_provider(OpenIDConnectProviderArn=resource_id)
