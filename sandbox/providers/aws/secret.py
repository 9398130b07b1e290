"""Secrets Manager's secrets and their versions.

Source of the properties and of what replaces: the official provider's ``internal/service/secretsmanager``.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.aws.names import name_from, naming
from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, given
from sandbox.standin.properties import Failure, Flag, Number, Property, SetOf, Text
from sandbox.standin.values import Properties

_CURRENT = "AWSCURRENT"
_PREVIOUS = "AWSPREVIOUS"


class Secret(AwsResource):
    """A secret without its value. Its id is its ARN."""

    token = "aws:secretsmanager/secret:Secret"
    service = "secretsmanager"
    gone = ("ResourceNotFoundException",)
    automatic_name, names = naming(maximum_length=512)
    inputs = {
        **names,
        "description": Text(),
        "kmsKeyId": Text(),
        "policy": PolicyDocument(computed=True),
        "recoveryWindowInDays": Number(default=30, one_of=(0, *range(7, 31))),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text()}
    unshown = ("recoveryWindowInDays",)

    def create(self, inputs: Properties) -> str:
        """Make the secret."""
        return str(self.call("CreateSecret", {**inputs, "name": name_from(inputs)})["ARN"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Put the policy on it."""
        if policy := inputs.get("policy"):
            self.client.put_resource_policy(SecretId=resource_id, ResourcePolicy=policy)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The secret as it is now; one that awaits its deletion counts as gone."""
        live = self.client.describe_secret(SecretId=resource_id)
        if live.get("DeletedDate"):
            return None
        policy = self.client.get_resource_policy(SecretId=resource_id).get("ResourcePolicy")
        return {**self.shown(live), "policy": policy}

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change what can be changed in place; like the official provider, it takes no key away."""
        secret = {"SecretId": resource_id}
        if changed & {"description", "kmsKeyId"}:
            self.client.update_secret(
                **secret, Description=new.get("description", ""), **given({"KmsKeyId": new.get("kmsKeyId")})
            )
        if "policy" in changed:
            self.client.put_resource_policy(**secret, ResourcePolicy=new["policy"])
        if "tagsAll" in changed:
            self.retag(resource_id, old, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Schedule the secret's deletion; with a window of 0 days, delete it."""
        if self.describe(resource_id, state) is None:
            return
        window = state.get("recoveryWindowInDays", 30)
        when = {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        self.client.delete_secret(SecretId=resource_id, **when)


_VALUES: Mapping[str, Property] = {
    "secretString": Text(secret=True, replaces=True),
    "secretBinary": Text(secret=True, replaces=True),
    "secretStringWo": Text(secret=True, write_only=True),
}


class SecretVersion(AwsResource):
    """A value of a secret. Its id is ``SECRET|VERSION``."""

    token = "aws:secretsmanager/secretVersion:SecretVersion"
    service = "secretsmanager"
    gone = ("ResourceNotFoundException", "InvalidRequestException")
    inputs = {
        "secretId": Text(required=True, replaces=True),
        **_VALUES,
        "secretStringWoVersion": Number(replaces=True),
        "versionStages": SetOf(Text(), computed=True),
        **REGION,
    }
    outputs = {"arn": Text(), "versionId": Text(), "hasSecretStringWo": Flag()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Exactly one form of the value is given."""
        values = [name for name in _VALUES if name in inputs]
        if len(values) != 1:
            found = " and ".join(values) if values else "none"
            yield Failure("secretString", f"one of {', '.join(_VALUES)} must be given; found {found}")
        if ("secretStringWo" in inputs) != ("secretStringWoVersion" in inputs):
            yield Failure("secretStringWoVersion", "must be given together with secretStringWo")

    def create(self, inputs: Properties) -> str:
        """Put the value."""
        binary = inputs.get("secretBinary")
        made = self.client.put_secret_value(
            SecretId=inputs["secretId"],
            **given(
                {
                    "SecretString": inputs.get("secretString") or inputs.get("secretStringWo"),
                    "SecretBinary": base64.b64decode(binary) if binary else None,
                    "VersionStages": inputs.get("versionStages"),
                }
            ),
        )
        return f"{inputs['secretId']}|{made['VersionId']}"

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The value as it is now; one that is write-only is not shown."""
        secret, version = resource_id.split("|", 1)
        live = self.client.get_secret_value(SecretId=secret, VersionId=version)
        binary = live.get("SecretBinary")
        write_only = "secretStringWoVersion" in known
        shown = {} if write_only else {"secretString": live.get("SecretString")}
        return {
            "secretId": secret,
            **shown,
            "secretBinary": base64.b64encode(binary).decode() if binary else None,
            "versionStages": live["VersionStages"],
            "arn": live["ARN"],
            "versionId": live["VersionId"],
            "hasSecretStringWo": write_only,
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Move stages to this version and take others from it."""
        secret, version = resource_id.split("|", 1)
        before, after = set(old.get("versionStages") or ()), set(new.get("versionStages") or ())
        for stage in sorted(after - before):
            holder = {"RemoveFromVersionId": self._holder(secret, stage)}
            self.client.update_secret_version_stage(
                SecretId=secret, VersionStage=stage, MoveToVersionId=version, **given(holder)
            )
        # The service lets the current stage only be moved, and moves the previous one by itself.
        self._take(resource_id, before - after - {_CURRENT, _PREVIOUS})

    def remove(self, resource_id: str, state: Properties) -> None:
        """Take the stages from the version, other than the current one: the service keeps that."""
        live = self.describe(resource_id, state)
        self._take(resource_id, set(live["versionStages"]) - {_CURRENT})

    def _take(self, resource_id: str, stages: set[str]) -> None:
        secret, version = resource_id.split("|", 1)
        for stage in sorted(stages):
            self.client.update_secret_version_stage(
                SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
            )

    def _holder(self, secret: str, stage: str) -> str | None:
        """The version that has ``stage`` now."""
        stages: Any = self.client.describe_secret(SecretId=secret).get("VersionIdsToStages") or {}
        return next((version for version, held in stages.items() if stage in held), None)
