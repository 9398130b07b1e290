"""Simple Notification Service.

Source of the properties and of replacements: the official provider's ``internal/service/sns/topic.go``.
"""

from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, given
from sandbox.standin.properties import Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

_ATTRIBUTES = {"displayName": "DisplayName", "policy": "Policy"}
"""The API's name of each attribute."""


class Topic(AwsResource):
    """A topic. Its id is its ARN."""

    token = "aws:sns/topic:Topic"
    service = "sns"
    gone = ("NotFound", "NotFoundException")
    automatic_name = AutomaticName(maximum_length=256)
    inputs = {
        "name": Text(replaces=True),
        "displayName": Text(maximum_length=100),
        "policy": PolicyDocument(computed=True),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "owner": Text()}

    def create(self, inputs: Properties) -> str:
        attributes = given({shown: inputs.get(name) for name, shown in _ATTRIBUTES.items()})
        return str(self.call("CreateTopic", inputs, Attributes=attributes)["TopicArn"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        live = self.client.get_topic_attributes(TopicArn=resource_id)["Attributes"]
        return {
            "name": resource_id.rsplit(":", 1)[1],
            **{name: live.get(shown) for name, shown in _ATTRIBUTES.items()},
            "tagsAll": self.tags_of(resource_id),
            "arn": live["TopicArn"],
            "owner": live["Owner"],
        }

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        for name in sorted(changed & _ATTRIBUTES.keys()):
            self.client.set_topic_attributes(
                TopicArn=resource_id, AttributeName=_ATTRIBUTES[name], AttributeValue=new.get(name, "")
            )

    def remove(self, resource_id: str, state: Properties) -> None:
        self.client.delete_topic(TopicArn=resource_id)
