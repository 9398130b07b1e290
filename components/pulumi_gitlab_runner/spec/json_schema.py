"""The JSON Schema of a stack's file, with which editors complete and check what is written."""

from typing import Any

from pydantic import TypeAdapter

from pulumi_gitlab_runner.spec.config_toml import REFUSED_KEYS
from pulumi_gitlab_runner.spec.stack import StackDeclaration

_SECURE = {
    "type": "object",
    "properties": {
        "secure": {"type": "string", "description": "Encrypted by `pulumi config set --secret --path`."}
    },
    "required": ["secure"],
    "additionalProperties": False,
}
_SECRETS = {
    "StaticDeclaration": "password",
    "DeployTokenDeclaration": "password",
    "UpstreamCredentialsDeclaration": "access_token",
    "VariableDeclaration": "value",
}


def stack_file_schema() -> dict[str, Any]:
    """The schema of `Pulumi.STACK.yaml`; keys of the file that are Pulumi's own are left open."""
    schema = TypeAdapter(StackDeclaration).json_schema()
    definitions = schema.pop("$defs")
    for table, keys in REFUSED_KEYS.items():
        for key in keys:
            del definitions[table.__name__]["properties"][key]
    for name, key in _SECRETS.items():
        _allow_beside(definitions[name], key, _SECURE)
    _allow_beside(
        definitions["RegistryDeclaration"], "repositories", {"type": "array", "items": {"type": "string"}}
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of pulumi-gitlab-runner",
        "type": "object",
        "properties": {
            "config": {"type": "object", "properties": {"gitlab-runner:stack": schema}},
        },
        "required": ["config"],
        "$defs": definitions,
    }


def _allow_beside(definition: dict[str, Any], key: str, form: dict[str, Any]) -> None:
    """Let a key of a definition have another form too; its description stays with the key."""
    known = definition["properties"][key]
    described = {name: known.pop(name) for name in ("title", "description") if name in known}
    definition["properties"][key] = {**described, "anyOf": [known, form]}
