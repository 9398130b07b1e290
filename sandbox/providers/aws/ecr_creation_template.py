"""Repository creation templates: the settings of repositories that the registry creates.

Source of the properties and of replacements: the official provider's
``internal/service/ecr/repository_creation_template.go``.
"""

from collections.abc import Iterator, Mapping

from sandbox.providers.aws.ecr import MUTABILITY, same_lifecycle_policy
from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION
from sandbox.providers.aws.shapes import to_api
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Failure, Json, ListOf, MapOf, Object, Property, SetOf, Text
from sandbox.standin.values import Properties

_TEXTS: Mapping[str, Property] = {
    "description": Text(),
    "customRoleArn": Text(),
    "lifecyclePolicy": Json(same=same_lifecycle_policy),
    "repositoryPolicy": PolicyDocument(),
}


class RepositoryCreationTemplate(TableResource):
    """A creation template. Its id is its prefix."""

    token = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
    service = "ecr"
    gone = ("TemplateNotFoundException",)
    inputs = {
        "prefix": Text(required=True, replaces=True, minimum_length=2),
        "appliedFors": SetOf(Text(), required=True, minimum_items=1),
        "encryptionConfigurations": ListOf(
            Object({"encryptionType": Text(default="AES256"), "kmsKey": Text(computed=True)}),
            computed=True,
            maximum_items=1,
        ),
        "resourceTags": MapOf(Text()),
        **MUTABILITY,
        **_TEXTS,
        **REGION,
    }
    outputs = {"registryId": Text()}
    makes, shows = "CreateRepositoryCreationTemplate", "DescribeRepositoryCreationTemplates"
    removes = "DeleteRepositoryCreationTemplate"
    identity, place = ("prefix",), "repositoryCreationTemplates"

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Tags and KMS encryption require a role for the creation of the repository."""
        encryption = inputs.get("encryptionConfigurations")
        listed = encryption if isinstance(encryption, list) else []
        kinds = [one.get("encryptionType") for one in listed if isinstance(one, dict)]
        kms = "KMS" in kinds or "KMS_DSSE" in kinds
        if (kms or inputs.get("resourceTags")) and "customRoleArn" not in inputs:
            yield Failure("customRoleArn", "required beside resourceTags and KMS encryption; none was given")

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Update the template: empty values remove settings, an existing KMS key is kept."""
        gone = {"resourceTags": [], **{name: "" for name in _TEXTS if not new.get(name)}}
        (before,) = old.get("encryptionConfigurations") or [{}]
        encryption = [{**before, **each} for each in new.get("encryptionConfigurations") or ()]
        given = {**new, "encryptionConfigurations": encryption}
        sent = to_api(self._sent(), given, self.shape("UpdateRepositoryCreationTemplate"))
        self.client.update_repository_creation_template(**{**gone, **sent})
