"""Properties whose value the engine chooses if the program gives none, or an empty one.

For the official provider, an empty string is an absent value (hashicorp/terraform-plugin-sdk,
helper/schema/schema.go, ``finalizeDiff``), and so is an empty list of objects, as `./dev conformance docker`
shows. An empty list of strings is a value.
"""

from dataclasses import dataclass
from typing import Any

from sandbox.standin.properties import Failure, Property, SetOf, Text


@dataclass(frozen=True, kw_only=True)
class _Chosen(Property):
    computed: bool = True

    def check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        return super().check(value, path, failures) or None


@dataclass(frozen=True, kw_only=True)
class ChosenText(_Chosen, Text):
    """A string."""


@dataclass(frozen=True)
class ChosenSet(_Chosen, SetOf):
    """A list whose order does not matter."""
