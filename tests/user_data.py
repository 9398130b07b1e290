"""User data of launch templates."""

import base64
import gzip


def decoded(user_data: str) -> str:
    """The text of the user data of a launch template, compressed or not."""
    content = base64.b64decode(user_data)
    return (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode()
