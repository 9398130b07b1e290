"""The addresses of servers, as URLs."""

import re
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?", re.IGNORECASE)


def is_web_address(text: str) -> bool:
    """Whether a text is an `http` or `https` URL with a host, without user, query and fragment."""
    try:
        parts = urlsplit(text)
        return bool(_ADDRESS.fullmatch(text) and parts.hostname) and parts.port != 0
    except ValueError:  # an invalid host or port
        return False
