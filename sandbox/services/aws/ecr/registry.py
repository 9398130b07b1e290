"""Patches moto's settings of a whole registry: its policy, replication and scanning.

moto accepts only two actions in a registry policy, only one replication rule, and scan frequencies that the
scan type does not support. The scope of a registry policy is V1, the default of the account settings.
"""

import json
from collections.abc import Callable
from typing import Any

from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse
from moto.iam.exceptions import MalformedPolicyDocument

from sandbox.services.aws.ecr.requests import error, given
from sandbox.services.aws.patching import around, method_of

_ACTIONS = {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:ReplicateImage"}
"""The actions that a registry policy of scope V1 may allow."""

_MOST_REPLICATION_RULES = 10
_FREQUENCIES = {"BASIC": ("SCAN_ON_PUSH", "MANUAL"), "ENHANCED": ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")}


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
        raise error("ValidationException", f"There are more than {_MOST_REPLICATION_RULES} rules.")
    for rule in rules:
        original(backend, {"rules": [rule]})
    backend.replication_config = replication_config
    return {"replicationConfiguration": replication_config}


@around(ECRResponse)
def put_registry_scanning_configuration(original: Callable[[Any], Any], response: Any) -> Any:
    """Refuse scan frequencies that the scan type does not support."""
    asked = given(response)
    scan = asked.get("scanType", "BASIC")
    for rule in asked.get("rules", ()):
        frequency = rule["scanFrequency"]
        if frequency not in _FREQUENCIES[scan]:
            raise error("InvalidParameterException", f"The scan type {scan} has no frequency {frequency}.")
    return original(response)
