"""Labels: a list of names and values in the provider, a mapping in the engine."""

from collections.abc import Mapping
from typing import Any

from sandbox.standin.properties import Object, SetOf, Text

LABEL = Object({"label": Text(required=True), "value": Text(required=True)})
LABELS = SetOf(LABEL, replaces=True)


def as_mapping(labels: list[dict[str, str]] | None) -> dict[str, str]:
    """The labels in the engine's format."""
    return {each["label"]: each["value"] for each in labels or ()}


def as_list(labels: Mapping[str, Any] | None) -> list[dict[str, str]] | None:
    """The labels in the provider's format; None for none."""
    return [{"label": label, "value": value} for label, value in sorted((labels or {}).items())] or None
