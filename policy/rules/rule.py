"""What a rule is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Inputs = Mapping[str, Any]
"""A resource's inputs, as the provider's schema names them."""


@dataclass(frozen=True)
class Rule:
    """Something that holds for every resource of some types.

    Attributes:
        name: in lower case with dashes; shown with every violation.
        description: one sentence: what holds.
        types: the types of resources that it looks at, such as `aws:ecr/repository:Repository`.
        problems: what is wrong with a resource, given its type and inputs; each with how to fix it, and
            never with a secret.
        only_warns: whether a violation is shown but stops nothing.
    """

    name: str
    description: str
    types: tuple[str, ...]
    problems: Callable[[str, Inputs], Iterable[str]]
    only_warns: bool = False


def texts(value: Any) -> list[str]:
    """Return every text in a value, however deep in lists and mappings."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for child in value.values() for text in texts(child)]
    if isinstance(value, list | tuple):
        return [text for child in value for text in texts(child)]
    return []
