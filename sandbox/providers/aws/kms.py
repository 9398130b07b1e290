"""Key Management Service.

Source of updates and replacements: the official provider's ``internal/service/kms``.
"""

from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, TAGS
from sandbox.providers.aws.shapes import OwnText
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Flag, Number, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties


class Key(TableResource):
    """A key. Its id is chosen by the service."""

    token = "aws:kms/key:Key"
    service = "kms"
    gone = ("NotFoundException",)
    inputs = {
        "description": Text(computed=True),
        "policy": PolicyDocument(computed=True),
        "enableKeyRotation": Flag(default=False),
        "deletionWindowInDays": Number(service_name="PendingWindowInDays"),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "keyId": Text()}
    unshown = ("deletionWindowInDays",)
    makes, shows, removes = "CreateKey", "DescribeKey", "ScheduleKeyDeletion"
    changes = {
        "description": "UpdateKeyDescription",
        "enableKeyRotation": ("EnableKeyRotation", "DisableKeyRotation"),
    }
    chosen, made, place, emptied = "KeyId", "KeyMetadata.KeyId", "KeyMetadata", ("description",)

    def complete(self, resource_id: str, inputs: Properties) -> None:
        if inputs["enableKeyRotation"]:
            self.client.enable_key_rotation(KeyId=resource_id)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the key; a key pending deletion does not exist."""
        key = {"KeyId": resource_id}
        live = self.find(resource_id, known) or {}
        if live["KeyState"] == "PendingDeletion":
            return None
        return {
            **self.shown({**live, "Tags": self.client.list_resource_tags(**key)["Tags"]}),
            "policy": self.client.get_key_policy(**key, PolicyName="default")["Policy"],
            "enableKeyRotation": self.client.get_key_rotation_status(**key)["KeyRotationEnabled"],
        }

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        if "policy" in changed:
            self.client.put_key_policy(KeyId=resource_id, PolicyName="default", Policy=new["policy"])
        super().change(resource_id, old, new, changed)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Schedule the key's deletion, after 30 days or ``deletionWindowInDays``."""
        if self.describe(resource_id, state) is not None:
            super().remove(resource_id, state)


def same_key(old: str, new: str) -> bool:
    """Whether two identifiers, key ids or ARNs, are of the same key."""
    return old.rsplit("/", 1)[-1] == new.rsplit("/", 1)[-1]


class Alias(TableResource):
    """An alias of a key. Its id is the name, with the prefix ``alias/``."""

    token = "aws:kms/alias:Alias"
    service = "kms"
    gone = ("NotFoundException",)
    automatic_name = AutomaticName(prefix="alias/", maximum_length=238)
    inputs = {
        "name": Text(replaces=True, service_name="AliasName"),
        "targetKeyId": OwnText(required=True, same=same_key),
        **REGION,
    }
    outputs = {"arn": Text(service_name="AliasArn"), "targetKeyArn": Text()}
    makes, changes, removes, identity = "CreateAlias", "UpdateAlias", "DeleteAlias", ("name",)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        pages = self.client.get_paginator("list_aliases").paginate()
        aliases = [alias for page in pages for alias in page["Aliases"]]
        live = next((alias for alias in aliases if alias["AliasName"] == resource_id), None)
        if live is None:
            return None
        place = live["AliasArn"].rsplit(":", 1)[0]
        return {**self.shown(live), "targetKeyArn": f"{place}:key/{live['TargetKeyId']}"}
