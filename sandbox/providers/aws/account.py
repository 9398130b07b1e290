"""Functions that look up the account, region and partition of the provider."""

from sandbox.providers.aws.connection import Connection
from sandbox.providers.aws.resource import REGION
from sandbox.standin.properties import Text
from sandbox.standin.provider import Function, Refused
from sandbox.standin.values import Properties


class GetCallerIdentity(Function[Connection]):
    """The identity of the credentials."""

    token = "aws:index/getCallerIdentity:getCallerIdentity"
    arguments = {"id": Text()}

    def call(self, arguments: Properties) -> Properties:
        """The account id, and the caller's ARN and id."""
        live = self.connection.client("sts").get_caller_identity()
        return {
            "id": live["Account"],
            "accountId": live["Account"],
            "arn": live["Arn"],
            "userId": live["UserId"],
        }


class GetRegion(Function[Connection]):
    """A region, by default the provider's."""

    token = "aws:index/getRegion:getRegion"
    arguments = {"id": Text(), "name": Text(), **REGION}

    def call(self, arguments: Properties) -> Properties:
        """The region's name and its EC2 endpoint, without an API call, as in the official provider."""
        name = arguments.get("region") or arguments.get("name") or self.connection.region
        if not self.connection.clients.knows(name):
            raise Refused(f"region not found for name {name!r}")
        return {
            "id": name,
            "name": name,
            "region": name,
            "description": name,
            "endpoint": f"ec2.{name}.amazonaws.com",
        }


class GetPartition(Function[Connection]):
    """The partition of the provider's region."""

    token = "aws:index/getPartition:getPartition"
    arguments = {"id": Text()}

    def call(self, arguments: Properties) -> Properties:
        """The partition and its DNS suffix."""
        partition = self.connection.partition
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        return {
            "id": partition,
            "partition": partition,
            "dnsSuffix": suffix,
            "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
        }
