"""What a rule is."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pulumi
from pulumi_policy.proxy import UnknownValueError

Inputs = Mapping[str, Any]
"""A resource's inputs, as the provider's schema names them."""
Changeable = MutableMapping[str, Any]
"""The same for a remediation, which changes them in place."""
Settings = Mapping[str, Any]
"""What a rule's configuration says, by the names of its settings."""

EXEMPT = "exempt"
"""The setting that every rule has."""


@dataclass(frozen=True)
class Setting:
    """Something of a rule that can be configured.

    Attributes:
        schema: a JSON schema of its value, with a description.
        default: its value where it is not configured.
    """

    schema: Mapping[str, Any]
    default: Any


@dataclass(frozen=True)
class Resource:
    """What a rule looks at.

    Attributes:
        type: such as `aws:ecr/repository:Repository`.
        inputs: under the engine, Pulumi's own mappings and sequences, which are no `dict` and no `list`.
            Reading what is unknown at a preview raises `UnknownValueError`.
        settings: the rule's configuration.
    """

    type: str
    inputs: Inputs
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """Something that holds for every resource of some types.

    Attributes:
        name: in lower case with dashes; shown with every violation.
        description: one sentence: what holds.
        types: the types of resources that it looks at, such as `aws:ecr/repository:Repository`.
        problems: what is wrong with a resource; each with how to fix it, and never with a secret.
        only_warns: whether a violation is shown but stops nothing.
        settings: what can be configured beside `exempt`.
        remediate: changes a resource's inputs so that the rule holds, and returns whether it changed any.
            What is unknown at a preview is a text of Pulumi's there. None where a change could replace a
            resource, lose data or access, or needs a value that only the user knows.
    """

    name: str
    description: str
    types: tuple[str, ...]
    problems: Callable[[Resource], Iterable[str]]
    only_warns: bool = False
    settings: Mapping[str, Setting] = field(default_factory=dict)
    remediate: Callable[[Resource, Changeable], bool] | None = None

    def looks_at(self, resource_type: str, name: str, urn: str, configured: Settings) -> bool:
        """Whether the rule is for a resource, and the resource is not exempt from it."""
        patterns = configured.get(EXEMPT) or ()
        exempt = any(fnmatchcase(each, pattern) for each in (name, urn) for pattern in patterns)
        return resource_type in self.types and not exempt

    def configured(self, given: Settings) -> Settings:
        """Return the value of each of its settings."""
        return {name: given.get(name, setting.default) for name, setting in self.settings.items()}


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep in lists, mappings and assets.

    What is known comes first: an unknown value raises at the end, so that it hides nothing beside it.
    """
    unknown = None
    if isinstance(value, str):
        yield value
    elif isinstance(value, pulumi.StringAsset):
        yield value.text
    elif isinstance(value, Mapping | Sequence):
        for key in value if isinstance(value, Mapping) else range(len(value)):
            try:
                yield from texts(value[key])
            except UnknownValueError as error:
                unknown = error
    if unknown:
        raise unknown


def listed(value: Any) -> list[Any]:
    """Return a value that may be one or several, as IAM and the provider take both, as several."""
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
