"""JSON that somebody else wrote."""

import json
import re
from typing import Any

MOST_VALUES = 100_000
"""A manifest of 4 MiB, the largest that registries take, has fewer. As Python objects they are a few MiB."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def read_json(content: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or has more values than anything that is asked for.
    """
    if _values(content) > MOST_VALUES and _values(_STRING.sub(b"", content)) > MOST_VALUES:
        raise ValueError("it has too many values")
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _values(content: bytes) -> int:
    """How many values there are at most, besides those that strings seem to have."""
    return content.count(b",") + content.count(b"[") + content.count(b"{")
