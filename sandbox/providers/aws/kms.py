"""Key Management Service.

Source of what replaces and what is updated: the official provider's ``internal/service/kms``.
"""

from typing import Any

from sandbox.providers.aws.names import naming
from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, given
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Flag, Number, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties


class Key(AwsResource):
    """A key. Its id is the one that the service chose."""

    token = "aws:kms/key:Key"
    service = "kms"
    gone = ("NotFoundException",)
    inputs = {
        "description": Text(computed=True),
        "keyUsage": Text(default="ENCRYPT_DECRYPT", replaces=True),
        "customerMasterKeySpec": Text(default="SYMMETRIC_DEFAULT", replaces=True, service_name="KeySpec"),
        "policy": PolicyDocument(computed=True),
        "bypassPolicyLockoutSafetyCheck": Flag(default=False),
        "isEnabled": Flag(default=True),
        "enableKeyRotation": Flag(default=False),
        "rotationPeriodInDays": Number(computed=True),
        "deletionWindowInDays": Number(),
        "multiRegion": Flag(computed=True, replaces=True),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "keyId": Text()}
    unshown = ("bypassPolicyLockoutSafetyCheck", "deletionWindowInDays")

    def create(self, inputs: Properties) -> str:
        """Make the key."""
        return str(self.call("CreateKey", inputs)["KeyMetadata"]["KeyId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Turn on rotation, and turn the key off if it shall not be enabled."""
        if inputs["enableKeyRotation"]:
            self._rotate(resource_id, inputs)
        if not inputs["isEnabled"]:
            self.client.disable_key(KeyId=resource_id)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The key as it is now; one that awaits its deletion counts as gone."""
        key = {"KeyId": resource_id}
        live = self.client.describe_key(**key)["KeyMetadata"]
        if live["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion"):
            return None
        rotation: dict[str, Any] = {}
        if live["KeySpec"] == "SYMMETRIC_DEFAULT":
            rotation = self.client.get_key_rotation_status(**key)
        tags = self.client.list_resource_tags(**key)["Tags"]
        return {
            **self.shown({"MultiRegion": False, **live, "Tags": tags}),
            "policy": self.client.get_key_policy(**key, PolicyName="default")["Policy"],
            "isEnabled": live["Enabled"],
            "enableKeyRotation": rotation.get("KeyRotationEnabled", False),
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change what can be changed in place; a key is enabled before and disabled after all else."""
        key = {"KeyId": resource_id}
        if "isEnabled" in changed and new["isEnabled"]:
            self.client.enable_key(**key)
        if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
            if new["enableKeyRotation"]:
                self._rotate(resource_id, new)
            else:
                self.client.disable_key_rotation(**key)
        if "description" in changed:
            self.client.update_key_description(**key, Description=new.get("description", ""))
        if "policy" in changed:
            self.client.put_key_policy(**key, PolicyName="default", Policy=new["policy"])
        if "tagsAll" in changed:
            self.retag(resource_id, old, new)
        if "isEnabled" in changed and not new["isEnabled"]:
            self.client.disable_key(**key)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Schedule the key's deletion, after 30 days or ``deletionWindowInDays``."""
        if self.describe(resource_id, state) is not None:
            window = given({"PendingWindowInDays": state.get("deletionWindowInDays")})
            self.client.schedule_key_deletion(KeyId=resource_id, **window)

    def _rotate(self, key: str, inputs: Properties) -> None:
        period = given({"RotationPeriodInDays": inputs.get("rotationPeriodInDays")})
        self.client.enable_key_rotation(KeyId=key, **period)


def same_key(old: str, new: str) -> bool:
    """Whether two texts name the same key, by its id or its ARN."""
    return old.rsplit("/", 1)[-1] == new.rsplit("/", 1)[-1]


class Alias(TableResource):
    """A name for a key. Its id is the name, with its ``alias/``."""

    token = "aws:kms/alias:Alias"
    service = "kms"
    gone = ("NotFoundException",)
    _, names = naming(maximum_length=256, service_name="AliasName")
    automatic_name = AutomaticName(prefix="alias/", maximum_length=238, unless=("namePrefix",))
    inputs = {**names, "targetKeyId": Text(required=True, same=same_key), **REGION}
    outputs = {"arn": Text(service_name="AliasArn"), "targetKeyArn": Text()}
    makes, changes, removes, identity = "CreateAlias", "UpdateAlias", "DeleteAlias", ("name",)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The alias as it is now."""
        pages = self.client.get_paginator("list_aliases").paginate()
        aliases = [alias for page in pages for alias in page["Aliases"]]
        live = next((alias for alias in aliases if alias["AliasName"] == resource_id), None)
        if live is None:
            return None
        place = live["AliasArn"].rsplit(":", 1)[0]
        return {**self.shown(live), "targetKeyArn": f"{place}:key/{live['TargetKeyId']}"}
