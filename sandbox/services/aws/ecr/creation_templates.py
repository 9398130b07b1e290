"""Adds repository creation templates to moto: the settings of repositories that ECR creates."""

from datetime import UTC, datetime
from typing import Any

from moto.ecr.responses import ECRResponse

from sandbox.services.aws.ecr.requests import answer, error, given
from sandbox.services.aws.patching import method_of

_Templates = dict[str, dict[str, Any]]


@method_of(ECRResponse)
def create_repository_creation_template(response: Any) -> Any:
    """Create a template."""
    asked = given(response)
    prefix = asked["prefix"]
    if prefix in _templates(response):
        raise error(
            "TemplateAlreadyExistsException", f"A template with the prefix '{prefix}' already exists."
        )
    usual = {"imageTagMutability": "MUTABLE", "encryptionConfiguration": {"encryptionType": "AES256"}}
    return _keep(response, {**usual, **asked, "createdAt": datetime.now(UTC)})


@method_of(ECRResponse)
def update_repository_creation_template(response: Any) -> Any:
    """Update a template."""
    asked = given(response)
    return _keep(response, {**_template(response, asked["prefix"]), **asked})


@method_of(ECRResponse)
def describe_repository_creation_templates(response: Any) -> Any:
    """List templates."""
    prefixes = response._get_param("prefixes") or list(_templates(response))
    found = [_templates(response)[prefix] for prefix in prefixes if prefix in _templates(response)]
    return answer({"registryId": response.current_account, "repositoryCreationTemplates": found})


@method_of(ECRResponse)
def delete_repository_creation_template(response: Any) -> Any:
    """Delete a template."""
    template = _template(response, response._get_param("prefix"))
    del _templates(response)[template["prefix"]]
    return answer({"registryId": response.current_account, "repositoryCreationTemplate": template})


def _keep(response: Any, template: dict[str, Any]) -> Any:
    """Store ``template`` without empty settings, if it is valid."""
    kept = {name: value for name, value in template.items() if value not in ("", [])}
    if not kept["imageTagMutability"].endswith("_WITH_EXCLUSION"):
        kept.pop("imageTagMutabilityExclusionFilters", None)
    elif not kept.get("imageTagMutabilityExclusionFilters"):
        raise error("InvalidParameterException", "The tag mutability requires exclusion filters.")
    encrypted = kept["encryptionConfiguration"]["encryptionType"] != "AES256"
    if (encrypted or kept.get("resourceTags")) and not kept.get("customRoleArn"):
        raise error("InvalidParameterException", "Resource tags and KMS encryption require a custom role.")
    kept["updatedAt"] = datetime.now(UTC)
    _templates(response)[kept["prefix"]] = kept
    return answer({"registryId": response.current_account, "repositoryCreationTemplate": kept})


def _templates(response: Any) -> _Templates:
    """The templates of the account and region, by prefix; part of moto's state."""
    templates: _Templates = vars(response.ecr_backend).setdefault("creation_templates", {})
    return templates


def _template(response: Any, prefix: str) -> dict[str, Any]:
    template = _templates(response).get(prefix)
    if template is None:
        raise error("TemplateNotFoundException", f"No template with the prefix '{prefix}' was found.")
    return template
