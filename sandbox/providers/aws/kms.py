"""Key Management Service.

Source of what replaces and what is updated: the official provider's ``internal/service/kms``.
"""

from typing import Any

from sandbox.providers.aws.names import name_from, naming
from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, given, tag_changes, tag_list, tag_map
from sandbox.standin.properties import Flag, Number, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties


class Key(AwsResource):
    """A key. Its id is the one that the service chose."""

    token = "aws:kms/key:Key"
    service = "kms"
    gone = ("NotFoundException",)
    inputs = {
        "description": Text(computed=True, maximum_length=8192),
        "keyUsage": Text(
            default="ENCRYPT_DECRYPT",
            replaces=True,
            one_of=("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
        ),
        "customerMasterKeySpec": Text(default="SYMMETRIC_DEFAULT", replaces=True),
        "policy": PolicyDocument(computed=True),
        "bypassPolicyLockoutSafetyCheck": Flag(default=False),
        "isEnabled": Flag(default=True),
        "enableKeyRotation": Flag(default=False),
        "rotationPeriodInDays": Number(computed=True, minimum=90, maximum=2560),
        "deletionWindowInDays": Number(minimum=7, maximum=30),
        "multiRegion": Flag(computed=True, replaces=True),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "keyId": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the key."""
        made = self.client.create_key(
            KeyUsage=inputs["keyUsage"],
            KeySpec=inputs["customerMasterKeySpec"],
            BypassPolicyLockoutSafetyCheck=inputs["bypassPolicyLockoutSafetyCheck"],
            **given(
                {
                    "Description": inputs.get("description"),
                    "Policy": inputs.get("policy"),
                    "MultiRegion": inputs.get("multiRegion"),
                    "Tags": tag_list(inputs.get("tagsAll"), "TagKey", "TagValue"),
                }
            ),
        )
        return str(made["KeyMetadata"]["KeyId"])

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
            "description": live.get("Description"),
            "keyUsage": live["KeyUsage"],
            "customerMasterKeySpec": live["KeySpec"],
            "policy": self.client.get_key_policy(**key, PolicyName="default")["Policy"],
            "isEnabled": live["Enabled"],
            "enableKeyRotation": rotation.get("KeyRotationEnabled", False),
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
            "multiRegion": live.get("MultiRegion", False),
            "tagsAll": tag_map(tags, "TagKey", "TagValue"),
            "arn": live["Arn"],
            "keyId": live["KeyId"],
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
            added, removed = tag_changes(old, new)
            if removed:
                self.client.untag_resource(**key, TagKeys=removed)
            if added:
                self.client.tag_resource(**key, Tags=tag_list(added, "TagKey", "TagValue"))
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


class Alias(AwsResource):
    """A name for a key. Its id is the name, with its ``alias/``."""

    token = "aws:kms/alias:Alias"
    service = "kms"
    gone = ("NotFoundException",)
    _, names = naming(maximum_length=256)
    automatic_name = AutomaticName(prefix="alias/", maximum_length=238, unless=("namePrefix",))
    inputs = {
        **names,
        "targetKeyId": Text(required=True, same=same_key),
        **REGION,
    }
    outputs = {"arn": Text(), "targetKeyArn": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the alias."""
        name = name_from(inputs)
        self.client.create_alias(AliasName=name, TargetKeyId=inputs["targetKeyId"])
        return name

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The alias as it is now."""
        pages = self.client.get_paginator("list_aliases").paginate()
        aliases = [alias for page in pages for alias in page["Aliases"]]
        live = next((alias for alias in aliases if alias["AliasName"] == resource_id), None)
        if live is None:
            return None
        target = live["TargetKeyId"]
        return {
            "name": live["AliasName"],
            "targetKeyId": target,
            "arn": live["AliasArn"],
            "targetKeyArn": live["AliasArn"].rsplit(":", 1)[0] + f":key/{target}",
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Point the alias to another key."""
        self.client.update_alias(AliasName=resource_id, TargetKeyId=new["targetKeyId"])

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the alias."""
        self.client.delete_alias(AliasName=resource_id)
