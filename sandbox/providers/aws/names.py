"""The names of resources that can also be given a prefix, as in the official provider."""

import secrets
from typing import Any

from sandbox.standin.properties import Property, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

_SUFFIX_LENGTH = 26
"""The number of characters that are appended to a prefix."""


def naming(
    maximum_length: int = 255, pattern: str = "", pattern_meaning: str = ""
) -> tuple[AutomaticName, dict[str, Property]]:
    """The automatic name and the inputs ``name`` and ``namePrefix`` of a resource type.

    One of the inputs may be given; a change of either makes a new resource. ``maximum_length`` is in
    characters; ``pattern`` and ``pattern_meaning`` are those of `Text`.
    """
    allowed: Any = {"pattern": pattern, "pattern_meaning": pattern_meaning}
    return AutomaticName(maximum_length=maximum_length, unless=("namePrefix",)), {
        "name": Text(computed=True, replaces=True, maximum_length=maximum_length, **allowed),
        "namePrefix": Text(
            computed=True,
            replaces=True,
            conflicts_with=("name",),
            maximum_length=maximum_length - _SUFFIX_LENGTH,
            **allowed,
        ),
    }


def name_from(inputs: Properties) -> str:
    """The name in ``inputs``, or one that begins with their prefix."""
    return str(inputs.get("name") or inputs["namePrefix"] + secrets.token_hex(_SUFFIX_LENGTH // 2))
