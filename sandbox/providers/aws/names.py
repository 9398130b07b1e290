"""The names of resources that can also be given a prefix, as in the official provider."""

import secrets

from sandbox.standin.properties import Property, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

_SUFFIX_LENGTH = 26
"""The number of characters that are appended to a prefix."""


def naming(maximum_length: int = 255, service_name: str = "") -> tuple[AutomaticName, dict[str, Property]]:
    """The automatic name and the inputs ``name`` and ``namePrefix`` of a resource type.

    One of the inputs may be given; a change of either makes a new resource. ``maximum_length`` is in
    characters, ``service_name`` that of the name; what else a name may be, `limits` says.
    """
    return AutomaticName(maximum_length=maximum_length, unless=("namePrefix",)), {
        "name": Text(computed=True, replaces=True, service_name=service_name),
        "namePrefix": Text(
            computed=True,
            replaces=True,
            conflicts_with=("name",),
            maximum_length=maximum_length - _SUFFIX_LENGTH,
        ),
    }


def name_from(inputs: Properties) -> str:
    """The name in ``inputs``, or one that begins with their prefix."""
    return str(inputs.get("name") or inputs["namePrefix"] + secrets.token_hex(_SUFFIX_LENGTH // 2))
