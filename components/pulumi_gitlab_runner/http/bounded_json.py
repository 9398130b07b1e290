"""Parsing of untrusted JSON."""

import json
import re
from typing import Any

MOST_VALUES = 100_000
"""The maximum number of values, which use a few MiB when parsed. A manifest of 4 MiB, the largest that
registries accept, has fewer."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def read_json(content: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        ValueError: the text is not JSON, is nested too deeply, or has more than `MOST_VALUES` values.
    """
    if _values(content) > MOST_VALUES and _values(_STRING.sub(b"", content)) > MOST_VALUES:
        raise ValueError("it has too many values")
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _values(content: bytes) -> int:
    """An upper limit of the number of values; separators within strings do not count."""
    return content.count(b",") + content.count(b"[") + content.count(b"{")
