"""Systems Manager Parameter Store.

Source of updates and replacements: the official provider's ``internal/service/ssm``.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.providers.aws.connection import Connection
from sandbox.providers.aws.resource import (
    REGION,
    TAGS,
    AwsResource,
    exactly_one,
    tag_changes,
    tag_list,
    tag_map,
)
from sandbox.standin.properties import Failure, Flag, Number, Text
from sandbox.standin.provider import AutomaticName, Function
from sandbox.standin.values import Properties

_VALUES = ("value", "valueWo")


class Parameter(AwsResource):
    """A parameter. Its id is its name."""

    token = "aws:ssm/parameter:Parameter"
    service = "ssm"
    gone = ("ParameterNotFound",)
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(replaces=True),
        "type": Text(required=True, one_of=("String", "StringList", "SecureString")),
        "value": Text(computed=True, secret=True),
        "valueWo": Text(secret=True, write_only=True),
        "valueWoVersion": Number(),
        "keyId": Text(computed=True),
        "description": Text(),
        "dataType": Text(computed=True, replaces=True),
        "overwrite": Flag(),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "version": Number(), "hasValueWo": Flag()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Exactly one of value and valueWo must be given."""
        yield from exactly_one(inputs, *_VALUES)
        if "valueWo" in inputs and "valueWoVersion" not in inputs:
            yield Failure("valueWoVersion", "a value is required beside valueWo, and none was given")

    @classmethod
    def unsettled(cls, changed: set[str]) -> Sequence[str]:
        """A new value or description creates a new version."""
        return ("version",) if changed & {"value", "valueWoVersion", "description"} else ()

    def create(self, inputs: Properties) -> str:
        overwrite = bool(inputs.get("overwrite"))
        # The service accepts tags only for a new parameter.
        sent = {**inputs, "overwrite": overwrite, "tagsAll": {} if overwrite else inputs.get("tagsAll")}
        self._put(inputs["name"], sent)
        return str(inputs["name"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Tag a parameter that was overwritten."""
        if inputs.get("overwrite") and inputs.get("tagsAll"):
            self.retag(resource_id, {}, inputs)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the parameter, with its value decrypted."""
        live = self.client.get_parameter(Name=resource_id, WithDecryption=True)["Parameter"]
        only = [{"Key": "Name", "Option": "Equals", "Values": [resource_id]}]
        found = self.client.describe_parameters(ParameterFilters=only)["Parameters"]
        if not found:
            return None
        detail = found[0]
        tags = self.client.list_tags_for_resource(ResourceType="Parameter", ResourceId=resource_id)
        return {
            "name": live["Name"],
            "type": live["Type"],
            **_value(live["Value"], known),
            "keyId": detail.get("KeyId"),
            "description": detail.get("Description"),
            "dataType": detail.get("DataType") or live.get("DataType"),
            "tagsAll": tag_map(tags["TagList"]),
            "arn": live["ARN"],
            "version": live["Version"],
        }

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put the parameter, with its former key."""
        if changed - {"overwrite"}:
            kept: Properties = {name: old[name] for name in ("keyId",) if name in old}
            gone = {} if "description" in new else {"Description": ""}
            self._put(resource_id, {**kept, **new, "overwrite": True, "tagsAll": {}}, **gone)

    def retag(self, named: str, old: Properties, new: Properties) -> None:
        """Update the tags; the operations require the type of the resource too."""
        added, removed = tag_changes(old, new)
        parameter = {"ResourceType": "Parameter", "ResourceId": named}
        if removed:
            self.client.remove_tags_from_resource(**parameter, TagKeys=removed)
        if added:
            self.client.add_tags_to_resource(**parameter, Tags=tag_list(added))

    def remove(self, resource_id: str, state: Properties) -> None:
        self.client.delete_parameter(Name=resource_id)

    def _put(self, name: str, inputs: Properties, **more: Any) -> None:
        secret = inputs["type"] == "SecureString"
        value = next(inputs[each] for each in _VALUES if each in inputs)
        sent = {**inputs, "keyId": inputs.get("keyId") if secret else None, "value": None}
        self.call("PutParameter", {**sent, "name": name}, Value=value, **more)


def _value(value: str, known: Properties) -> Properties:
    """The value; a write-only one is left out."""
    if known.get("hasValueWo") or known.get("valueWoVersion") is not None:
        return {"hasValueWo": True}
    return {"value": value, "hasValueWo": False}


class GetParameter(Function[Connection]):
    """A parameter's value, including public parameters below ``/aws/service/``."""

    token = "aws:ssm/getParameter:getParameter"
    arguments = {"name": Text(required=True), "withDecryption": Flag(default=True), **REGION}
    secrets = ("value",)

    def call(self, arguments: Properties) -> Properties:
        """The parameter; ``insecureValue`` only if it is not a SecureString."""
        client = self.connection.client("ssm")
        found = client.get_parameter(Name=arguments["name"], WithDecryption=arguments["withDecryption"])
        live = found["Parameter"]
        return {
            **arguments,
            "id": live["Name"],
            "region": self.connection.region,
            "arn": live["ARN"],
            "type": live["Type"],
            "value": live["Value"],
            "insecureValue": None if live["Type"] == "SecureString" else live["Value"],
            "version": live["Version"],
        }
