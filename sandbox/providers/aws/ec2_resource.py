"""The base class of the EC2 resource types: operations named by a noun, tags at creation."""

from typing import Any, ClassVar

from sandbox.providers.aws.resource import AwsResource, tag_changes, tag_list
from sandbox.standin.values import Properties


class Ec2Resource(AwsResource):
    """A resource type of EC2: ``kind`` in tag specifications and ARNs, ``noun`` in the operations.

    Its id is chosen by the service.
    """

    service = "ec2"
    kind: ClassVar[str]
    noun: ClassVar[str]

    def create(self, inputs: Properties) -> str:
        made = self.call(f"Create{self.noun}", inputs, **self.tags(inputs))
        return str(made[self.noun][f"{self.noun}Id"])

    def find(self, resource_id: str) -> dict[str, Any] | None:
        """The resource in the API's response; ``None`` if not found."""
        answer = self.call(f"Describe{self.noun}s", {}, None, **{f"{self.noun}Ids": [resource_id]})
        found = (one for one in answer[f"{self.noun}s"] if one.get("State") not in ("deleting", "deleted"))
        return next(found, None)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        live = self.find(resource_id)
        return live and self.shown({**live, "Arn": self.arn(resource_id), **self.facts(live)})

    def facts(self, live: dict[str, Any]) -> dict[str, Any]:
        """Facts that a response has elsewhere or in another form."""
        return {}

    def remove(self, resource_id: str, state: Properties) -> None:
        self.call(f"Delete{self.noun}", {}, None, **{f"{self.noun}Id": resource_id})

    def arn(self, resource_id: str) -> str:
        """The ARN of the resource with this id."""
        place = f"{self.connection.region}:{self.connection.account}"
        return f"arn:{self.connection.partition}:ec2:{place}:{self.kind}/{resource_id}"

    def tags(self, inputs: Properties) -> dict[str, Any]:
        """The argument that tags a resource at its creation; empty without tags."""
        tags = tag_list(inputs.get("tagsAll"))
        return {"TagSpecifications": [{"ResourceType": self.kind, "Tags": tags}]} if tags else {}

    def retag(self, named: str, old: Properties, new: Properties) -> None:
        """Update the tags from those of ``old`` to those of ``new``."""
        added, removed = tag_changes(old, new)
        if removed:
            self.client.delete_tags(Resources=[named], Tags=[{"Key": key} for key in removed])
        if added:
            self.client.create_tags(Resources=[named], Tags=tag_list(added))
