"""The definition of a rule."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pulumi
from pulumi_policy.proxy import UnknownValueError

Inputs = Mapping[str, Any]
"""The inputs of a resource, by their names in the provider's schema."""
Changeable = MutableMapping[str, Any]
"""The inputs of a resource for a remediation, which changes them in place."""
Settings = Mapping[str, Any]
"""The configuration of a rule, by the names of its settings."""

EXEMPT = "exempt"
"""The setting of every rule for the resources that it ignores."""


@dataclass(frozen=True)
class Setting:
    """A setting of a rule.

    Attributes:
        schema: the JSON schema of its value, with a description.
        default: its default value.
    """

    schema: Mapping[str, Any]
    default: Any


@dataclass(frozen=True)
class Resource:
    """A resource that a rule checks.

    Attributes:
        type: the type of the resource, such as `aws:ecr/repository:Repository`.
        inputs: its inputs; in the engine, Pulumi's own mappings and sequences, which are not `dict` and
            `list`. Reading a value that is unknown in a preview raises `UnknownValueError`.
        settings: the configuration of the rule.
    """

    type: str
    inputs: Inputs
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A requirement for the resources of some types.

    Attributes:
        name: the name, in lower case with dashes; shown with every violation.
        description: the requirement, in one sentence.
        types: the types of the resources that it checks, such as `aws:ecr/repository:Repository`.
        problems: returns the problems of a resource, each with its fix, and never with a secret.
        only_warns: whether a violation is only a warning.
        settings: the settings in addition to `exempt`.
        remediate: changes the inputs of a resource so that it meets the requirement, and returns whether it
            changed any. A value that is unknown in a preview is a string there. None if a change could
            replace a resource, lose data or access, or needs a value that only the user knows.
    """

    name: str
    description: str
    types: tuple[str, ...]
    problems: Callable[[Resource], Iterable[str]]
    only_warns: bool = False
    settings: Mapping[str, Setting] = field(default_factory=dict)
    remediate: Callable[[Resource, Changeable], bool] | None = None

    def applies_to(self, resource_type: str, name: str, urn: str, configured: Settings) -> bool:
        """Whether the rule is for the resource's type, and the resource is not exempt."""
        patterns = configured.get(EXEMPT) or ()
        exempt = any(fnmatchcase(each, pattern) for each in (name, urn) for pattern in patterns)
        return resource_type in self.types and not exempt

    def configured(self, given: Settings) -> Settings:
        """Return the value of each setting."""
        return {name: given.get(name, setting.default) for name, setting in self.settings.items()}


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, at any depth of lists, mappings and assets.

    An unknown value raises an exception after all known texts, so that these are checked first.
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
    """Return a value as a list, since IAM and the provider accept both a single value and a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
