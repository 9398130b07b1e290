"""The log groups of CloudWatch Logs.

Source of the properties and of replacements: the official provider's ``internal/service/logs/group.go``.
"""

from typing import Any

from sandbox.providers.aws.resource import REGION, TAGS
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Number, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties


class LogGroup(TableResource):
    """A log group. Its id is its name."""

    token = "aws:cloudwatch/logGroup:LogGroup"
    service = "logs"
    gone = ("ResourceNotFoundException",)
    automatic_name = AutomaticName(maximum_length=512)
    inputs = {
        "name": Text(replaces=True, service_name="logGroupName"),
        "kmsKeyId": Text(pattern="arn:.+", pattern_meaning="the ARN of a key"),
        "retentionInDays": Number(default=0),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(service_name="logGroupArn")}
    makes, removes = "CreateLogGroup", "DeleteLogGroup"
    changes = {
        "retentionInDays": ("PutRetentionPolicy", "DeleteRetentionPolicy"),
        "kmsKeyId": ("AssociateKmsKey", "DisassociateKmsKey"),
    }
    identity, tagged_by = ("name",), "arn"

    def complete(self, resource_id: str, inputs: Properties) -> None:
        if inputs["retentionInDays"]:
            self.on("PutRetentionPolicy", resource_id, inputs, {})

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        found = self.client.describe_log_groups(logGroupNamePrefix=resource_id)["logGroups"]
        live: Any = next((one for one in found if one["logGroupName"] == resource_id), None)
        if live is None:
            return None
        return {**self.shown({"retentionInDays": 0, **live}), "tagsAll": self.tags_of(live["logGroupArn"])}
