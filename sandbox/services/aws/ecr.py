"""Mends moto's Elastic Container Registry.

moto has no rules for pull-through caches, and the digest of an image that it takes in is not that of the
image's manifest.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_NEED_A_SECRET = ("registry-1.docker.io", "ghcr.io", "registry.gitlab.com")
_UPSTREAM_HOSTS = (*_NEED_A_SECRET, "public.ecr.aws", "registry.k8s.io", "quay.io")
_Rules = dict[str, dict[str, Any]]


def mend() -> None:
    """Change moto's classes in this process; a second call changes nothing."""
    from moto.ecr import models, responses

    actions: Any = responses.ECRResponse
    backend: Any = models.ECRBackend
    if hasattr(actions, "create_pull_through_cache_rule"):
        return
    backend.put_image = _with_its_digest(backend.put_image)
    actions.create_pull_through_cache_rule = _create_rule
    actions.update_pull_through_cache_rule = _update_rule
    actions.describe_pull_through_cache_rules = _describe_rules
    actions.delete_pull_through_cache_rule = _delete_rule


def _with_its_digest(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_image(
        backend: Any,
        repository: str,
        manifest: str,
        tag: str,
        media_type: str | None = None,
        digest: str | None = None,
    ) -> Any:
        digest = digest or "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
        return original(backend, repository, manifest, tag, media_type, digest)

    return put_image


def _create_rule(response: Any) -> Any:
    given = _given(response)
    prefix, upstream = given["ecrRepositoryPrefix"], given["upstreamRegistryUrl"]
    if upstream not in _UPSTREAM_HOSTS:
        raise _error("UnsupportedUpstreamRegistryException", f"The upstream {upstream} is not supported.")
    if upstream in _NEED_A_SECRET and not given.get("credentialArn"):
        raise _error("InvalidParameterException", f"The upstream {upstream} requires a credential.")
    if prefix in _rules(response):
        raise _error(
            "PullThroughCacheRuleAlreadyExistsException",
            f"A rule already exists with the prefix '{prefix}'.",
        )
    now = datetime.now(UTC)
    account = response.current_account
    _rules(response)[prefix] = rule = {**given, "registryId": account, "createdAt": now, "updatedAt": now}
    return _answer(rule)


def _update_rule(response: Any) -> Any:
    given = _given(response)
    rule = _rule(response, given["ecrRepositoryPrefix"])
    rule.update(given, updatedAt=datetime.now(UTC))
    return _answer(rule)


def _describe_rules(response: Any) -> Any:
    prefixes = response._get_param("ecrRepositoryPrefixes") or list(_rules(response))
    return _answer({"pullThroughCacheRules": [_rule(response, prefix) for prefix in prefixes]})


def _delete_rule(response: Any) -> Any:
    rule = _rule(response, response._get_param("ecrRepositoryPrefix"))
    return _answer(_rules(response).pop(rule["ecrRepositoryPrefix"]))


def _given(response: Any) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(response.body)
    return given


def _rules(response: Any) -> _Rules:
    """The rules of the account and region, by their prefix; they end with moto's own state."""
    rules: _Rules = vars(response.ecr_backend).setdefault("pull_through_cache_rules", {})
    return rules


def _rule(response: Any, prefix: str) -> dict[str, Any]:
    rule = _rules(response).get(prefix)
    if rule is None:
        raise _error(
            "PullThroughCacheRuleNotFoundException",
            f"No rule with the prefix '{prefix}' in the registry with id '{response.current_account}'.",
        )
    return rule


def _answer(result: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(result)


def _error(code: str, message: str) -> Exception:
    from moto.ecr.exceptions import InvalidParameterException

    # One of moto's own for ECR: by its module moto finds the form of the answer.
    error: Exception = InvalidParameterException(message)
    error.code = code  # type: ignore[attr-defined]
    return error
