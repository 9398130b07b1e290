"""Additions to the schema that Pulumi's analyzer derives: secrets, enumerations, defaults."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.spec.cache import Cache
from pulumi_gitlab_runner.spec.egress import PROTOCOLS
from pulumi_gitlab_runner.spec.fleets import SPOT_ALLOCATIONS, Idle
from pulumi_gitlab_runner.spec.instance_types import ARCHITECTURES
from pulumi_gitlab_runner.spec.network import ENDPOINTS, Network
from pulumi_gitlab_runner.spec.observation import METRICS, Logs
from pulumi_gitlab_runner.spec.operating_systems import OPERATING_SYSTEMS
from pulumi_gitlab_runner.spec.registries.pull_through import UPSTREAM_HOSTS

Marks = dict[tuple[str, str], set[str]]
"""The marks `secret` and `identifier` of fields, by their class and their name in Python."""

_TOKEN = "gitlab-runner:index:"  # noqa: S105 - a type's
_CLOSED_SETS: Mapping[str, tuple[str, Iterable[str]]] = {
    "HostDeclaration.os": ("OperatingSystem", OPERATING_SYSTEMS),
    "MachineImageDeclaration.os": ("OperatingSystem", OPERATING_SYSTEMS),
    "MachineImageDeclaration.architecture": ("Architecture", ARCHITECTURES),
    "HostDeclaration.metrics": ("MetricsReaders", METRICS),
    "FleetDeclaration.spotAllocation": ("SpotAllocation", SPOT_ALLOCATIONS),
    "EgressDeclaration.protocol": ("EgressProtocol", PROTOCOLS),
    "RegistryDeclaration.pullThrough": ("UpstreamRegistry", UPSTREAM_HOSTS),
    "NetworkDeclaration.endpoints": ("VpcEndpointService", ENDPOINTS),
    "RunnerNetworkArgs.endpoints": ("VpcEndpointService", ENDPOINTS),
}
_DEFAULTS: Mapping[str, Any] = {
    "CacheDeclaration.expireDays": Cache.expire_days,
    "CacheDeclaration.shared": Cache.shared,
    "RunnerCacheArgs.expireDays": Cache.expire_days,
    "RunnerCacheArgs.shared": Cache.shared,
    "IdleDeclaration.idleCount": Idle.idle_count,
    "IdleDeclaration.idleMinutes": Idle.idle_minutes,
    "IdleDeclaration.timezone": Idle.timezone,
    "LogsDeclaration.retentionDays": Logs.retention_days,
    "NetworkDeclaration.natPerZone": Network.nat_per_zone,
    "NetworkDeclaration.zones": Network.zones,
    "RunnerNetworkArgs.natPerZone": Network.nat_per_zone,
    "RunnerNetworkArgs.zones": Network.zones,
}
"""Generated SDKs send a default as if it were declared. So this contains only the defaults that may always be
declared: a Docker host refuses the keys of EC2, and a repository of another account refuses settings."""

_SNAKE_CASE = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_CODE = re.compile(r"`[^`\n]+`")


def completed_schema(schema: dict[str, Any], marks: Marks) -> dict[str, Any]:
    """The schema with the additions: marks, enumerations, defaults, descriptions.

    Args:
        schema: the schema that the analyzer derives.
        marks: the marks of the fields of declarations and arguments.
    """
    for owner, name, definition in list(_properties(schema)):
        for mark in marks.get((owner, _snake_case(name)), ()):
            _mark(definition, mark)
        place = f"{owner}.{name}"
        if place in _CLOSED_SETS:
            _close(schema, definition, *_CLOSED_SETS[place])
        if place in _DEFAULTS:
            definition["default"] = _DEFAULTS[place]
    for resource in schema["resources"].values():
        if token := resource["properties"].get("token"):
            token["secret"] = True
    _describe(schema, spellings(schema))
    return schema


def spellings(schema: Mapping[str, Any]) -> dict[str, str]:
    """The schema's names of inputs and outputs, by their names in Python, where these differ."""
    names = {name for _, name, _ in _properties(schema)}
    names |= {name for resource in schema["resources"].values() for name in resource["properties"]}
    return {_snake_case(name): name for name in names if _snake_case(name) != name}


def respelled(text: str, names: Mapping[str, str]) -> str:
    """A text in which the Python names of inputs and outputs are replaced by the schema's names."""
    return _SNAKE_CASE.sub(lambda found: names.get(found[0], found[0]), text)


def _describe(part: Any, names: Mapping[str, str]) -> None:
    """Convert the descriptions, which are docstrings, to the Markdown of a schema.

    In Markdown, an indented paragraph is code. Other languages use the schema's names.
    """
    for each in part.values() if isinstance(part, dict) else part:
        if isinstance(each, dict | list):
            _describe(each, names)
    if isinstance(part, dict) and isinstance(text := part.get("description"), str):
        part["description"] = _CODE.sub(lambda code: respelled(code[0], names), inspect.cleandoc(text))


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each input: its class, its name in the schema, and its definition."""
    for token, definition in schema["resources"].items():
        for name, each in definition["inputProperties"].items():
            yield _arguments_of(token.removeprefix(_TOKEN)), name, each
    for token, definition in schema["types"].items():
        for name, each in (definition.get("properties") or {}).items():
            yield token.removeprefix(_TOKEN), name, each


def _arguments_of(component: str) -> str:
    """The name of the class of a component's arguments."""
    declarations = {"RunnerStack": "StackDeclaration", "RunnerRegistration": "RegistrationDeclaration"}
    return declarations.get(component, f"{component}Args")


def _mark(definition: dict[str, Any], mark: str) -> None:
    inner = definition
    while inner.get("items") or inner.get("additionalProperties"):
        inner = inner.get("items") or inner["additionalProperties"]
    if mark == "secret":
        # A plain map of secrets is not marked: SDKs would type it as one Output, and Go's would not compile.
        if not definition.get("plain"):
            definition["secret"] = True
    elif inner.get("type") == "integer":
        # The ids of groups and projects in GitLab's provider are strings.
        del inner["type"]
        inner["oneOf"] = [{"type": "integer"}, {"type": "string"}]


def _close(schema: dict[str, Any], definition: dict[str, Any], name: str, values: Iterable[str]) -> None:
    """Make a string property an enumeration."""
    inner = definition.get("items") or definition
    inner.pop("type", None)
    inner["$ref"] = f"#/types/{_TOKEN}{name}"
    schema["types"][f"{_TOKEN}{name}"] = {
        "type": "string",
        "description": f"One of {', '.join(values)}.",
        "enum": [{"name": _member_name(each), "value": each} for each in values],
    }


def _member_name(value: str) -> str:
    """The name of an enumeration's member, valid in every language, such as `AmazonLinux2023`."""
    return "".join(part.capitalize() for part in value.replace(".", "-").split("-"))


def _snake_case(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name)
