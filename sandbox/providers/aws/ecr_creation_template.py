"""Repository creation templates: how a repository is made that the registry itself makes.

Source of the properties and of what replaces: the official provider's
``internal/service/ecr/repository_creation_template.go``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.aws.ecr import MUTABILITY, PREFIX, same_lifecycle_policy
from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, AwsResource, given, tag_list, tag_map
from sandbox.standin.properties import Failure, Json, ListOf, MapOf, Object, Property, SetOf, Text
from sandbox.standin.values import Properties

_DIRECT: Mapping[str, Property] = {
    "description": Text(maximum_length=255),
    "customRoleArn": Text(pattern="arn:.+", pattern_meaning="an ARN"),
    **MUTABILITY,
    "lifecyclePolicy": Json(same=same_lifecycle_policy),
    "repositoryPolicy": PolicyDocument(),
}
"""The properties that the API takes and gives under the same names; what is empty it takes away."""


class RepositoryCreationTemplate(AwsResource):
    """A creation template. Its id is its prefix."""

    token = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
    service = "ecr"
    gone = ("TemplateNotFoundException",)
    inputs = {
        "prefix": Text(
            required=True,
            replaces=True,
            minimum_length=2,
            maximum_length=256,
            **PREFIX,
        ),
        "appliedFors": SetOf(
            Text(one_of=("REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH")),
            required=True,
            minimum_items=1,
        ),
        "encryptionConfigurations": ListOf(
            Object(
                {
                    "encryptionType": Text(default="AES256", one_of=("AES256", "KMS", "KMS_DSSE")),
                    "kmsKey": Text(computed=True),
                }
            ),
            computed=True,
            maximum_items=1,
        ),
        "resourceTags": MapOf(Text()),
        **_DIRECT,
        **REGION,
    }
    outputs = {"registryId": Text()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Tags and KMS encryption need a role to make the repository with."""
        encryption = inputs.get("encryptionConfigurations")
        listed = encryption if isinstance(encryption, list) else []
        kinds = [one.get("encryptionType") for one in listed if isinstance(one, dict)]
        kms = "KMS" in kinds or "KMS_DSSE" in kinds
        if (kms or inputs.get("resourceTags")) and "customRoleArn" not in inputs:
            yield Failure("customRoleArn", "required beside resourceTags and KMS encryption; none was given")

    def create(self, inputs: Properties) -> str:
        """Make the template."""
        self.client.create_repository_creation_template(prefix=inputs["prefix"], **given(_request(inputs)))
        return str(inputs["prefix"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The template as it is now."""
        found = self.client.describe_repository_creation_templates(prefixes=[resource_id])
        if not found["repositoryCreationTemplates"]:
            return None
        live = found["repositoryCreationTemplates"][0]
        encryption = live.get("encryptionConfiguration")
        return {
            "prefix": live["prefix"],
            "appliedFors": live["appliedFor"],
            "encryptionConfigurations": [encryption] if encryption else None,
            "resourceTags": tag_map(live.get("resourceTags")),
            **{name: live.get(name) for name in _DIRECT},
            "registryId": found["registryId"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change the template in place."""
        request = _request(new)
        if not new.get("imageTagMutabilityExclusionFilters"):
            # The API takes no empty list; with another mutability the filters end by themselves.
            del request["imageTagMutabilityExclusionFilters"]
        self.client.update_repository_creation_template(
            prefix=resource_id, **{name: value for name, value in request.items() if value is not None}
        )

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the template; repositories that were made by it stay."""
        self.client.delete_repository_creation_template(prefix=resource_id)


def _request(inputs: Properties) -> dict[str, Any]:
    """``inputs`` in the API's shape, empty where they are not given."""
    encryption = inputs.get("encryptionConfigurations") or [None]
    return {
        **{name: inputs.get(name, "") for name in _DIRECT},
        "appliedFor": inputs["appliedFors"],
        "encryptionConfiguration": encryption[0],
        "resourceTags": tag_list(inputs.get("resourceTags")),
    }
