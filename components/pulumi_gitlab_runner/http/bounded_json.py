"""JSON that somebody else wrote."""

import json
from typing import Any

MOST_VALUES = 100_000
"""A manifest of 4 MiB, the largest that registries take, has fewer. As Python objects they are a few MiB."""


def read_json(content: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or has more values than anything that is asked for.
    """
    if content.count(b",") + content.count(b"[") + content.count(b"{") > MOST_VALUES:
        raise ValueError("it has too many values")
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
