"""Tags that follow from the content of an image: the same content has the same tag, another one another."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

CONTENT_TAG = "content-"
"""How such a tag begins."""


def content_tag(content: Mapping[str, Any]) -> str:
    """The tag of an image.

    Args:
        content: all that the image is made of, as values that JSON has.
    """
    text = json.dumps(content, sort_keys=True)
    return f"{CONTENT_TAG}{hashlib.sha256(text.encode()).hexdigest()[:16]}"
