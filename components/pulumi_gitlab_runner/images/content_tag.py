"""Content tags: a hash of everything that an image is built from."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

CONTENT_TAG = "content-"
"""The prefix of a content tag."""


def content_tag(content: Mapping[str, Any]) -> str:
    """The content tag of an image; the same content has the same tag.

    Args:
        content: everything that the image is built from, as JSON values.
    """
    text = json.dumps(content, sort_keys=True)
    return f"{CONTENT_TAG}{hashlib.sha256(text.encode()).hexdigest()[:16]}"
