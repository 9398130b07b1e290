"""Tags that follow from the content of an image: the same content has the same tag."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

CONTENT_TAG = "content-"
"""The prefix of such a tag."""


def content_tag(content: Mapping[str, Any]) -> str:
    """The tag of an image.

    Args:
        content: everything that the image is built from, as JSON values.
    """
    text = json.dumps(content, sort_keys=True)
    return f"{CONTENT_TAG}{hashlib.sha256(text.encode()).hexdigest()[:16]}"
