"""Secrets Manager's secrets and their versions.

Source of the properties and of replacements: the official provider's ``internal/service/secretsmanager``.
"""

from collections.abc import Iterator

from sandbox.providers.aws.resource import REGION, TAGS, AwsResource
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Failure, Number, SetOf, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties


class Secret(TableResource):
    """A secret without its value. Its id is its ARN."""

    token = "aws:secretsmanager/secret:Secret"
    service = "secretsmanager"
    gone = ("ResourceNotFoundException",)
    automatic_name = AutomaticName(maximum_length=512)
    inputs = {
        "name": Text(replaces=True),
        "description": Text(),
        "recoveryWindowInDays": Number(default=30, maximum=30),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text()}
    unshown, emptied = ("recoveryWindowInDays",), ("description",)
    makes, shows, changes = "CreateSecret", "DescribeSecret", {"description": "UpdateSecret"}
    chosen, made = "SecretId", "ARN"

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """A recovery window of 7 to 30 days, or none."""
        days = inputs.get("recoveryWindowInDays")
        if isinstance(days, int | float) and 0 < days < 7:  # otherwise unknown in a preview
            yield Failure("recoveryWindowInDays", f"{days:g} is not allowed; give 0, or 7 to 30")

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the secret; one that is scheduled for deletion does not exist."""
        live = self.find(resource_id, known) or {}
        return None if live.get("DeletedDate") else self.shown(live)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Schedule the secret's deletion; without a recovery window, delete it immediately."""
        days = state["recoveryWindowInDays"]
        when = {"RecoveryWindowInDays": int(days)} if days else {"ForceDeleteWithoutRecovery": True}
        self.client.delete_secret(SecretId=resource_id, **when)


class SecretVersion(AwsResource):
    """A value of a secret. Its id is ``SECRET|VERSION``."""

    token = "aws:secretsmanager/secretVersion:SecretVersion"
    service = "secretsmanager"
    gone = ("ResourceNotFoundException", "InvalidRequestException")
    inputs = {
        "secretId": Text(required=True, replaces=True),
        "secretString": Text(required=True, secret=True, replaces=True),
        **REGION,
    }
    outputs = {"arn": Text(), "versionId": Text(), "versionStages": SetOf(Text())}

    def create(self, inputs: Properties) -> str:
        made = self.call("PutSecretValue", inputs)
        return f"{inputs['secretId']}|{made['VersionId']}"

    def describe(self, resource_id: str, known: Properties) -> Properties:
        secret, version = resource_id.split("|", 1)
        live = self.client.get_secret_value(SecretId=secret, VersionId=version)
        return {**self.shown(live), "secretId": secret}

    def remove(self, resource_id: str, state: Properties) -> None:
        """Remove the staging labels of the version, except AWSCURRENT, which the service keeps."""
        secret, version = resource_id.split("|", 1)
        for stage in {*self.describe(resource_id, state)["versionStages"]} - {"AWSCURRENT"}:
            self.client.update_secret_version_stage(
                SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
            )
