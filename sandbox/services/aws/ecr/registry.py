"""Patches moto's settings of a whole registry: its policy, replication and scanning.

moto accepts only two actions in a registry policy, only one replication rule, and scan frequencies that the
scan type does not support. The scope of a registry policy is V1, the default of the account settings.
"""

import json
from collections.abc import Callable
from typing import Any

from sandbox.services.aws.ecr.requests import error, given

_ACTIONS = {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:ReplicateImage"}
"""The actions that a registry policy of scope V1 may allow."""

_MOST_REPLICATION_RULES = 10
_FREQUENCIES = {"BASIC": ("SCAN_ON_PUSH", "MANUAL"), "ENHANCED": ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")}


def patch() -> None:
    """Patch moto's classes in this process."""
    from moto.ecr import models, responses

    actions: Any = responses.ECRResponse
    backend: Any = models.ECRBackend
    actions.put_registry_scanning_configuration = _fitting(actions.put_registry_scanning_configuration)
    backend._validate_registry_policy_action = staticmethod(_check_actions)
    backend.put_replication_configuration = _several_rules(backend.put_replication_configuration)


def _check_actions(policy: str) -> None:
    from moto.iam.exceptions import MalformedPolicyDocument

    statements = json.loads(policy)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement.get("Action", [])
        for action in [actions] if isinstance(actions, str) else actions:
            if action not in _ACTIONS:
                raise MalformedPolicyDocument


def _several_rules(original: Callable[..., Any]) -> Callable[..., Any]:
    """Call ``original``, which refuses more than one rule, once for each rule."""

    def put(backend: Any, replication_config: dict[str, Any]) -> Any:
        rules = replication_config["rules"]
        if len(rules) > _MOST_REPLICATION_RULES:
            raise error("ValidationException", f"There are more than {_MOST_REPLICATION_RULES} rules.")
        for rule in rules:
            original(backend, {"rules": [rule]})
        backend.replication_config = replication_config
        return {"replicationConfiguration": replication_config}

    return put


def _fitting(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def put(response: Any) -> Any:
        asked = given(response)
        scan = asked.get("scanType", "BASIC")
        for rule in asked.get("rules", ()):
            frequency = rule["scanFrequency"]
            if frequency not in _FREQUENCIES[scan]:
                raise error(
                    "InvalidParameterException", f"The scan type {scan} has no frequency {frequency}."
                )
        return original(response)

    return put
