"""VPC Flow Logs to CloudWatch Logs.

Source of the properties and of replacements: the official provider's
``internal/service/ec2/vpc_flow_log.go``: a change of any property but the tags replaces.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.providers.aws.ec2_resource import Ec2Resource
from sandbox.providers.aws.resource import REGION, TAGS
from sandbox.standin.properties import Failure, Number, Text
from sandbox.standin.provider import Refused
from sandbox.standin.values import Properties


class FlowLog(Ec2Resource):
    """A flow log of a VPC. Its id is chosen by the service."""

    token = "aws:ec2/flowLog:FlowLog"
    kind, noun = "vpc-flow-log", "FlowLog"
    gone = ("InvalidFlowLogId.NotFound",)
    inputs = {
        "vpcId": Text(required=True, replaces=True, service_name="ResourceId"),
        "trafficType": Text(required=True, replaces=True),
        "logDestination": Text(required=True, replaces=True, pattern="arn:.+"),
        "logDestinationType": Text(default="cloud-watch-logs", replaces=True, one_of=("cloud-watch-logs",)),
        "iamRoleArn": Text(replaces=True, pattern="arn:.+", service_name="DeliverLogsPermissionArn"),
        "maxAggregationInterval": Number(default=600, replaces=True, one_of=(60, 600)),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Flow logs to CloudWatch Logs require a role: API_CreateFlowLogs."""
        if "iamRoleArn" not in inputs:
            yield Failure("iamRoleArn", "required for flow logs into CloudWatch Logs")

    def create(self, inputs: Properties) -> str:
        made = self.call(
            "CreateFlowLogs",
            {**inputs, "logDestination": inputs["logDestination"].removesuffix(":*")},
            ResourceType="VPC",
            **self.tags(inputs),
        )
        for refused in made.get("Unsuccessful", ()):
            raise Refused(f"{refused['Error']['Code']}: {refused['Error']['Message']}")
        return str(made["FlowLogIds"][0])

    def facts(self, live: dict[str, Any]) -> dict[str, Any]:
        return {"MaxAggregationInterval": int(live["MaxAggregationInterval"])}

    def remove(self, resource_id: str, state: Properties) -> None:
        self.client.delete_flow_logs(FlowLogIds=[resource_id])
