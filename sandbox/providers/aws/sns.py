"""Simple Notification Service.

Source of replacements: the official provider's ``internal/service/sns/topic.go``.
"""

from sandbox.providers.aws.resource import REGION, TAGS
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties


class Topic(TableResource):
    """A topic. Its id is its ARN."""

    token = "aws:sns/topic:Topic"
    service = "sns"
    gone = ("NotFound", "NotFoundException")
    automatic_name = AutomaticName(maximum_length=256)
    inputs = {"name": Text(replaces=True), **REGION, **TAGS}
    outputs = {"arn": Text(service_name="TopicArn"), "owner": Text()}
    makes, shows, removes = "CreateTopic", "GetTopicAttributes", "DeleteTopic"
    chosen, place, tagged_by = "TopicArn", "Attributes", "arn"

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        live = super().describe(resource_id, known)
        return live and {**live, "name": resource_id.rpartition(":")[2]}
