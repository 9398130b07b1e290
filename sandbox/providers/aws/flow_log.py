"""VPC Flow Logs, into CloudWatch Logs.

Source of the properties and of what replaces: the official provider's
``internal/service/ec2/vpc_flow_log.go``, where all but the tags does.
"""

from collections.abc import Iterator

from sandbox.providers.aws.ec2_resource import Ec2Resource
from sandbox.providers.aws.resource import REGION, TAGS, given, tag_map
from sandbox.standin.properties import Failure, Number, Text
from sandbox.standin.provider import Refused
from sandbox.standin.values import Properties


class FlowLog(Ec2Resource):
    """A record of the connections of a VPC. Its id is the one that the service chose."""

    token = "aws:ec2/flowLog:FlowLog"
    kind = "vpc-flow-log"
    gone = ("InvalidFlowLogId.NotFound",)
    inputs = {
        "vpcId": Text(required=True, replaces=True),
        "trafficType": Text(required=True, replaces=True, one_of=("ACCEPT", "ALL", "REJECT")),
        "logDestination": Text(required=True, replaces=True, pattern="arn:.+"),
        "logDestinationType": Text(default="cloud-watch-logs", replaces=True, one_of=("cloud-watch-logs",)),
        "iamRoleArn": Text(replaces=True, pattern="arn:.+"),
        "logFormat": Text(computed=True, replaces=True),
        "maxAggregationInterval": Number(default=600, replaces=True, one_of=(60, 600)),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """CloudWatch Logs is written to with a role: API_CreateFlowLogs."""
        if "iamRoleArn" not in inputs:
            yield Failure("iamRoleArn", "required for flow logs into CloudWatch Logs")

    def create(self, inputs: Properties) -> str:
        """Start it."""
        made = self.client.create_flow_logs(
            ResourceType="VPC",
            ResourceIds=[inputs["vpcId"]],
            TrafficType=inputs["trafficType"],
            LogDestinationType=inputs["logDestinationType"],
            LogGroupName=inputs["logDestination"].removesuffix(":*").split(":", 6)[6],
            DeliverLogsPermissionArn=inputs["iamRoleArn"],
            MaxAggregationInterval=inputs["maxAggregationInterval"],
            **given({"LogFormat": inputs.get("logFormat")}),
            **self.tags(inputs),
        )
        for refused in made.get("Unsuccessful", ()):
            raise Refused(f"{refused['Error']['Code']}: {refused['Error']['Message']}")
        return str(made["FlowLogIds"][0])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The record as it is now."""
        found = self.client.describe_flow_logs(FlowLogIds=[resource_id])["FlowLogs"]
        live = next(iter(found), None)
        if live is None:
            return None
        place = f"{self.connection.partition}:logs:{self.connection.region}:{self.connection.account}"
        return {
            "vpcId": live["ResourceId"],
            "trafficType": live["TrafficType"],
            "logDestination": f"arn:{place}:log-group:{live['LogGroupName']}",
            "logDestinationType": live["LogDestinationType"],
            "iamRoleArn": live["DeliverLogsPermissionArn"],
            "logFormat": live["LogFormat"],
            "maxAggregationInterval": int(live["MaxAggregationInterval"]),
            "tagsAll": tag_map(live.get("Tags")),
            "arn": self.arn(resource_id),
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change the tags."""
        self.retag(resource_id, old, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """End it."""
        self.client.delete_flow_logs(FlowLogIds=[resource_id])
