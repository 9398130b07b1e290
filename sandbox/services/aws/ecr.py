"""Patches moto's Elastic Container Registry, and adds pull-through cache rules and creation templates to it.

- images: moto's digest of a pushed image is not that of its manifest. moto keeps the previous value of
  scanOnPush if a new configuration leaves it out; AWS defaults to false:
  docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanningConfiguration.html.
- settings of a whole registry: moto accepts only two actions in a registry policy, only one replication rule,
  and scan frequencies that the scan type does not support. The scope of a registry policy is V1, the default
  of the account settings.
- names of repositories: moto refuses `__` and `--`, which the API's model allows.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
from moto.core.responses import ActionResult
from moto.ecr import models
from moto.ecr.exceptions import InvalidParameterException
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse
from moto.iam.exceptions import MalformedPolicyDocument

from sandbox.services.aws.patching import around, method_of

_ACTIONS = {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:ReplicateImage"}
"""The actions that a registry policy of scope V1 may allow."""
_MOST_REPLICATION_RULES = 10
_FREQUENCIES = {"BASIC": ("SCAN_ON_PUSH", "MANUAL"), "ENHANCED": ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")}

_OPEN = ("public.ecr.aws", "registry.k8s.io", "quay.io")
_CLOSED = r"registry-1\.docker\.io|ghcr\.io|registry\.gitlab\.com|cgr\.dev|[a-z0-9]+\.azurecr\.(io|us)"
_ECR = r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"
"""The upstream registries of pull-through caches: without credentials, with some, and ECR."""
_RULES, _TEMPLATES = "pull_through_cache_rules", "creation_templates"
"""What is added to moto's state."""


def _name_pattern() -> str:
    """The pattern of the names of repositories in the model of ECR's API."""
    client = boto3.client("ecr", region_name="us-east-1")
    pattern: str = client.meta.service_model.shape_for("RepositoryName").metadata["pattern"]
    return pattern


models.ECR_REPOSITORY_NAME_PATTERN = _name_pattern()


@around(ECRBackend)
def put_image_scanning_configuration(
    original: Callable[..., Any],
    backend: Any,
    registry_id: str,
    repository_name: str,
    image_scan_config: dict[str, Any],
) -> Any:
    """Apply AWS's default of scanOnPush."""
    return original(backend, registry_id, repository_name, {"scanOnPush": False, **image_scan_config})


@around(ECRBackend)
def put_image(
    original: Callable[..., Any],
    backend: Any,
    repository: str,
    manifest: str,
    tag: str,
    media_type: str | None = None,
    digest: str | None = None,
) -> Any:
    """Add an image with the digest of its manifest."""
    digest = digest or "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
    return original(backend, repository, manifest, tag, media_type, digest)


@method_of(ECRBackend)
def _validate_registry_policy_action(_backend: Any, policy: str) -> None:
    statements = json.loads(policy)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement.get("Action", [])
        for action in [actions] if isinstance(actions, str) else actions:
            if action not in _ACTIONS:
                raise MalformedPolicyDocument


@around(ECRBackend)
def put_replication_configuration(
    original: Callable[..., Any], backend: Any, replication_config: dict[str, Any]
) -> Any:
    """Call the original, which refuses more than one rule, once for each rule."""
    rules = replication_config["rules"]
    if len(rules) > _MOST_REPLICATION_RULES:
        raise _error("ValidationException", f"There are more than {_MOST_REPLICATION_RULES} rules.")
    for rule in rules:
        original(backend, {"rules": [rule]})
    backend.replication_config = replication_config
    return {"replicationConfiguration": replication_config}


@around(ECRResponse)
def put_registry_scanning_configuration(original: Callable[[Any], Any], response: Any) -> Any:
    """Refuse scan frequencies that the scan type does not support."""
    asked = _given(response)
    scan = asked.get("scanType", "BASIC")
    for rule in asked.get("rules", ()):
        frequency = rule["scanFrequency"]
        if frequency not in _FREQUENCIES[scan]:
            raise _error("InvalidParameterException", f"The scan type {scan} has no frequency {frequency}.")
    return original(response)


@method_of(ECRResponse)
def create_pull_through_cache_rule(response: Any) -> ActionResult:
    """Create a rule."""
    asked = _given(response)
    prefix, upstream = asked["ecrRepositoryPrefix"], asked["upstreamRegistryUrl"]
    private = re.fullmatch(_ECR, upstream)
    closed = re.fullmatch(_CLOSED, upstream)
    if not (private or closed or upstream in _OPEN):
        raise _error("UnsupportedUpstreamRegistryException", f"The upstream {upstream} is not supported.")
    if closed and not asked.get("credentialArn"):
        raise _error("InvalidParameterException", f"The upstream {upstream} requires a credential.")
    if private and private["account"] != response.current_account and not asked.get("customRoleArn"):
        raise _error("InvalidParameterException", f"The upstream {upstream} requires a custom role.")
    if prefix in _kept(response, _RULES):
        raise _error(
            "PullThroughCacheRuleAlreadyExistsException",
            f"A rule already exists with the prefix '{prefix}'.",
        )
    now = datetime.now(UTC)
    rule = {**asked, "registryId": response.current_account, "createdAt": now, "updatedAt": now}
    _kept(response, _RULES)[prefix] = rule
    return ActionResult(rule)


@method_of(ECRResponse)
def update_pull_through_cache_rule(response: Any) -> Any:
    """Update a rule."""
    asked = _given(response)
    rule = _rule(response, asked["ecrRepositoryPrefix"])
    rule.update(asked, updatedAt=datetime.now(UTC))
    return ActionResult(rule)


@method_of(ECRResponse)
def describe_pull_through_cache_rules(response: Any) -> Any:
    """List rules."""
    prefixes = response._get_param("ecrRepositoryPrefixes") or _kept(response, _RULES)
    return ActionResult({"pullThroughCacheRules": [_rule(response, prefix) for prefix in prefixes]})


@method_of(ECRResponse)
def delete_pull_through_cache_rule(response: Any) -> Any:
    """Delete a rule."""
    rule = _rule(response, response._get_param("ecrRepositoryPrefix"))
    return ActionResult(_kept(response, _RULES).pop(rule["ecrRepositoryPrefix"]))


def _rule(response: Any, prefix: str) -> dict[str, Any]:
    rule = _kept(response, _RULES).get(prefix)
    if rule is None:
        raise _error(
            "PullThroughCacheRuleNotFoundException",
            f"No rule with the prefix '{prefix}' in the registry with id '{response.current_account}'.",
        )
    return rule


@method_of(ECRResponse)
def create_repository_creation_template(response: Any) -> Any:
    """Create a template."""
    asked = _given(response)
    prefix = asked["prefix"]
    if prefix in _kept(response, _TEMPLATES):
        raise _error(
            "TemplateAlreadyExistsException", f"A template with the prefix '{prefix}' already exists."
        )
    usual = {"imageTagMutability": "MUTABLE", "encryptionConfiguration": {"encryptionType": "AES256"}}
    return _keep(response, {**usual, **asked, "createdAt": datetime.now(UTC)})


@method_of(ECRResponse)
def update_repository_creation_template(response: Any) -> Any:
    """Update a template."""
    asked = _given(response)
    return _keep(response, {**_template(response, asked["prefix"]), **asked})


@method_of(ECRResponse)
def describe_repository_creation_templates(response: Any) -> Any:
    """List templates."""
    templates = _kept(response, _TEMPLATES)
    found = [templates[each] for each in response._get_param("prefixes") or templates if each in templates]
    return ActionResult({"registryId": response.current_account, "repositoryCreationTemplates": found})


@method_of(ECRResponse)
def delete_repository_creation_template(response: Any) -> Any:
    """Delete a template."""
    template = _template(response, response._get_param("prefix"))
    del _kept(response, _TEMPLATES)[template["prefix"]]
    return ActionResult({"registryId": response.current_account, "repositoryCreationTemplate": template})


def _keep(response: Any, template: dict[str, Any]) -> Any:
    """Store ``template`` without empty settings, if it is valid."""
    kept = {name: value for name, value in template.items() if value not in ("", [])}
    if not kept["imageTagMutability"].endswith("_WITH_EXCLUSION"):
        kept.pop("imageTagMutabilityExclusionFilters", None)
    elif not kept.get("imageTagMutabilityExclusionFilters"):
        raise _error("InvalidParameterException", "The tag mutability requires exclusion filters.")
    encrypted = kept["encryptionConfiguration"]["encryptionType"] != "AES256"
    if (encrypted or kept.get("resourceTags")) and not kept.get("customRoleArn"):
        raise _error("InvalidParameterException", "Resource tags and KMS encryption require a custom role.")
    kept["updatedAt"] = datetime.now(UTC)
    _kept(response, _TEMPLATES)[kept["prefix"]] = kept
    return ActionResult({"registryId": response.current_account, "repositoryCreationTemplate": kept})


def _template(response: Any, prefix: str) -> dict[str, Any]:
    template = _kept(response, _TEMPLATES).get(prefix)
    if template is None:
        raise _error("TemplateNotFoundException", f"No template with the prefix '{prefix}' was found.")
    return template


def _given(response: Any) -> dict[str, Any]:
    """The arguments of a request."""
    arguments: dict[str, Any] = json.loads(response.body)
    return arguments


def _error(code: str, message: str) -> Exception:
    """The API's error with the code ``code``."""
    # moto's own class for ECR: moto chooses the response format by its module.
    made = InvalidParameterException(message)
    made.code = code
    return made


def _kept(response: Any, kind: str) -> dict[str, dict[str, Any]]:
    """What the account and region has of a kind, by prefix; part of moto's state."""
    kept: dict[str, dict[str, Any]] = vars(response.ecr_backend).setdefault(kind, {})
    return kept
