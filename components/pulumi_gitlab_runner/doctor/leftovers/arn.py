"""The ARN of a resource, and the lists of resources that AWS returns in pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import Any

from pulumi_gitlab_runner.doctor.leftovers.marked import Marked


@dataclass(frozen=True)
class Arn:
    """An ARN, and the tags of its resource."""

    whole: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """The service, such as `ec2`."""
        return self.whole.split(":")[2]

    @property
    def resource(self) -> str:
        """The part after the account: `role/ci/name`."""
        return self.whole.split(":", 5)[5]

    def marked(self, what: str, type_: str, number: str, delete: str, **others: Any) -> Marked:
        """The resource, by attributes of `Marked`; `delete` has no `aws`, and no ID and region at its end."""
        region = self.whole.split(":")[3]  # empty for a resource of all regions
        where = f" --region {region}" if region else ""
        return Marked(what, type_, number, self.whole, f"aws {delete} {quote(number)}{where}", **others)


def listed(client: Any, operation: str, field: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """The items in a field of the responses of an API operation, over all its pages."""
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[field]
