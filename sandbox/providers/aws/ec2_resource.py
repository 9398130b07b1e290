"""What the resource types of EC2 have in common: tags that are given while it is made."""

from typing import Any, ClassVar

from sandbox.providers.aws.resource import AwsResource, tag_changes, tag_list
from sandbox.standin.values import Properties


class Ec2Resource(AwsResource):
    """A resource type of EC2; ``kind`` is what the API calls it in tags and ARNs."""

    service = "ec2"
    kind: ClassVar[str]

    def arn(self, resource_id: str) -> str:
        """The ARN of the resource with this id."""
        place = f"{self.connection.region}:{self.connection.account}"
        return f"arn:{self.connection.partition}:ec2:{place}:{self.kind}/{resource_id}"

    def tags(self, inputs: Properties) -> dict[str, Any]:
        """The argument that tags a resource while it is made; nothing without tags."""
        tags = tag_list(inputs.get("tagsAll"))
        return {"TagSpecifications": [{"ResourceType": self.kind, "Tags": tags}]} if tags else {}

    def retag(self, resource_id: str, old: Properties, new: Properties) -> None:
        """Bring the tags from those of ``old`` to those of ``new``."""
        added, removed = tag_changes(old, new)
        if removed:
            self.client.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in removed])
        if added:
            self.client.create_tags(Resources=[resource_id], Tags=tag_list(added))
