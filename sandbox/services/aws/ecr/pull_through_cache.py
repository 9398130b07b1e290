"""Adds pull-through cache rules to moto."""

import re
from datetime import UTC, datetime
from typing import Any

from moto.ecr.responses import ECRResponse

from sandbox.services.aws.ecr.requests import answer, error, given
from sandbox.services.aws.patching import method_of

_OPEN = ("public.ecr.aws", "registry.k8s.io", "quay.io")
_CLOSED = r"registry-1\.docker\.io|ghcr\.io|registry\.gitlab\.com|cgr\.dev|[a-z0-9]+\.azurecr\.(io|us)"
_ECR = r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"
_Rules = dict[str, dict[str, Any]]


@method_of(ECRResponse)
def create_pull_through_cache_rule(response: Any) -> Any:
    """Create a rule."""
    asked = given(response)
    prefix, upstream = asked["ecrRepositoryPrefix"], asked["upstreamRegistryUrl"]
    private = re.fullmatch(_ECR, upstream)
    closed = re.fullmatch(_CLOSED, upstream)
    if not (private or closed or upstream in _OPEN):
        raise error("UnsupportedUpstreamRegistryException", f"The upstream {upstream} is not supported.")
    if closed and not asked.get("credentialArn"):
        raise error("InvalidParameterException", f"The upstream {upstream} requires a credential.")
    if private and private["account"] != response.current_account and not asked.get("customRoleArn"):
        raise error("InvalidParameterException", f"The upstream {upstream} requires a custom role.")
    if prefix in _rules(response):
        raise error(
            "PullThroughCacheRuleAlreadyExistsException",
            f"A rule already exists with the prefix '{prefix}'.",
        )
    now = datetime.now(UTC)
    rule = {**asked, "registryId": response.current_account, "createdAt": now, "updatedAt": now}
    _rules(response)[prefix] = rule
    return answer(rule)


@method_of(ECRResponse)
def update_pull_through_cache_rule(response: Any) -> Any:
    """Update a rule."""
    asked = given(response)
    rule = _rule(response, asked["ecrRepositoryPrefix"])
    rule.update(asked, updatedAt=datetime.now(UTC))
    return answer(rule)


@method_of(ECRResponse)
def describe_pull_through_cache_rules(response: Any) -> Any:
    """List rules."""
    prefixes = response._get_param("ecrRepositoryPrefixes") or list(_rules(response))
    return answer({"pullThroughCacheRules": [_rule(response, prefix) for prefix in prefixes]})


@method_of(ECRResponse)
def delete_pull_through_cache_rule(response: Any) -> Any:
    """Delete a rule."""
    rule = _rule(response, response._get_param("ecrRepositoryPrefix"))
    return answer(_rules(response).pop(rule["ecrRepositoryPrefix"]))


def _rules(response: Any) -> _Rules:
    """The rules of the account and region, by prefix; part of moto's state."""
    rules: _Rules = vars(response.ecr_backend).setdefault("pull_through_cache_rules", {})
    return rules


def _rule(response: Any, prefix: str) -> dict[str, Any]:
    rule = _rules(response).get(prefix)
    if rule is None:
        raise error(
            "PullThroughCacheRuleNotFoundException",
            f"No rule with the prefix '{prefix}' in the registry with id '{response.current_account}'.",
        )
    return rule
