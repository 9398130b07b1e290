"""Patches what moto keeps of a whole registry: its settings, policy, replication and scanning.

moto has no account settings, takes only two actions in a registry policy, one replication rule, and
frequencies that do not go with the scan type.
"""

import json
from collections.abc import Callable
from typing import Any

from sandbox.services.aws.ecr.requests import answer, error, given

_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE", "CLAIR"),
    "BLOB_MOUNTING": ("DISABLED", "ENABLED"),
    "REGISTRY_POLICY_SCOPE": ("V1", "V2"),
}
"""The values of each setting, the one at first first."""

_ACTIONS = {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:ReplicateImage"}
"""What a registry policy of scope V1 may allow; one of V2 may allow all actions."""

_MOST_REPLICATION_RULES = 10
_FREQUENCIES = {"BASIC": ("SCAN_ON_PUSH", "MANUAL"), "ENHANCED": ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")}


def patch() -> None:
    """Change moto's classes in this process."""
    from moto.ecr import models, responses

    actions: Any = responses.ECRResponse
    backend: Any = models.ECRBackend
    actions.get_account_setting = _get_setting
    actions.put_account_setting = _put_setting
    actions.put_registry_scanning_configuration = _fitting(actions.put_registry_scanning_configuration)
    backend._validate_registry_policy_action = _check_actions
    backend.put_replication_configuration = _several_rules(backend.put_replication_configuration)


def _get_setting(response: Any) -> Any:
    name = given(response)["name"]
    return answer({"name": name, "value": _setting(response.ecr_backend, name)})


def _put_setting(response: Any) -> Any:
    asked = given(response)
    name, value = asked["name"], asked["value"]
    if value not in _SETTINGS.get(name, ()):
        raise error("InvalidParameterException", f"The setting {name} cannot be {value}.")
    vars(response.ecr_backend).setdefault("settings", {})[name] = value
    return answer({"name": name, "value": value})


def _setting(backend: Any, name: str) -> str:
    if name not in _SETTINGS:
        raise error("InvalidParameterException", f"There is no setting {name}.")
    return str(vars(backend).get("settings", {}).get(name, _SETTINGS[name][0]))


def _check_actions(backend: Any, policy: str) -> None:
    from moto.iam.exceptions import MalformedPolicyDocument

    statements = json.loads(policy)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement.get("Action", [])
        for action in [actions] if isinstance(actions, str) else actions:
            every = _setting(backend, "REGISTRY_POLICY_SCOPE") == "V2" and action.startswith("ecr:")
            if action not in _ACTIONS and not every:
                raise MalformedPolicyDocument


def _several_rules(original: Callable[..., Any]) -> Callable[..., Any]:
    """As ``original``, which refuses more than one rule, with several."""

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
