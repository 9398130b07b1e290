"""CloudWatch Logs' groups.

Source of the properties and of what replaces: the official provider's ``internal/service/logs/group.go``.
"""

from typing import Any

from sandbox.providers.aws.names import name_from, naming
from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, given, tag_changes
from sandbox.standin.properties import Flag, Number, Text
from sandbox.standin.values import Properties

_RETENTIONS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""In days; 0 is for ever."""


class LogGroup(AwsResource):
    """A log group. Its id is its name."""

    token = "aws:cloudwatch/logGroup:LogGroup"
    service = "logs"
    gone = ("ResourceNotFoundException",)
    automatic_name, names = naming(
        maximum_length=512, pattern=r"[.\-_/#A-Za-z0-9]+", pattern_meaning="letters, digits, . - _ / and #"
    )
    inputs = {
        **names,
        "kmsKeyId": Text(pattern="arn:.+", pattern_meaning="the ARN of a key"),
        "logGroupClass": Text(
            computed=True, replaces=True, one_of=("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")
        ),
        "retentionInDays": Number(default=0, one_of=_RETENTIONS),
        "skipDestroy": Flag(default=False),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the group."""
        name = name_from(inputs)
        self.client.create_log_group(
            logGroupName=name,
            **given({"kmsKeyId": inputs.get("kmsKeyId"), "logGroupClass": inputs.get("logGroupClass")}),
            **given({"tags": inputs.get("tagsAll")}),
        )
        return name

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Say how long it keeps what is written."""
        if inputs["retentionInDays"]:
            self._retain(resource_id, inputs["retentionInDays"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The group as it is now."""
        found = self.client.describe_log_groups(logGroupNamePrefix=resource_id)["logGroups"]
        live: Any = next((one for one in found if one["logGroupName"] == resource_id), None)
        if live is None:
            return None
        return {
            "name": live["logGroupName"],
            "kmsKeyId": live.get("kmsKeyId"),
            "logGroupClass": live["logGroupClass"],
            "retentionInDays": live.get("retentionInDays", 0),
            "tagsAll": self.client.list_tags_for_resource(resourceArn=live["logGroupArn"])["tags"],
            "arn": live["logGroupArn"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change what can be changed in place."""
        if "retentionInDays" in changed:
            if new["retentionInDays"]:
                self._retain(resource_id, new["retentionInDays"])
            else:
                self.client.delete_retention_policy(logGroupName=resource_id)
        if "kmsKeyId" in changed:
            if key := new.get("kmsKeyId"):
                self.client.associate_kms_key(logGroupName=resource_id, kmsKeyId=key)
            else:
                self.client.disassociate_kms_key(logGroupName=resource_id)
        if "tagsAll" in changed:
            added, removed = tag_changes(old, new)
            if removed:
                self.client.untag_resource(resourceArn=old["arn"], tagKeys=removed)
            if added:
                self.client.tag_resource(resourceArn=old["arn"], tags=added)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the group with all that it holds; with ``skipDestroy``, leave it."""
        if not state.get("skipDestroy"):
            self.client.delete_log_group(logGroupName=resource_id)

    def _retain(self, name: str, days: int) -> None:
        self.client.put_retention_policy(logGroupName=name, retentionInDays=days)
