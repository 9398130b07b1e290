"""The authentication challenge of a registry (RFC 9110; distribution, docs/spec/auth)."""

import re
from dataclasses import dataclass

_PARAMETER = re.compile(r'(?<!\w)(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')

_LONGEST = 4096
"""The maximum length of a header: the realm is a URL, and the rest is short."""


@dataclass(frozen=True)
class Challenge:
    """The challenge of a ``WWW-Authenticate`` header.

    Attributes:
        scheme: ``basic`` or ``bearer``.
        realm: for ``bearer`` the URL of the token service.
        service: for ``bearer`` the name of the service that the token is for.
    """

    scheme: str
    realm: str = ""
    service: str = ""


def read_challenge(headers: list[str]) -> Challenge | None:
    """The challenge in ``WWW-Authenticate`` headers; ``bearer`` takes precedence over ``basic``."""
    found: dict[str, Challenge] = {}
    for header in headers:
        if len(header) > _LONGEST:
            continue
        scheme, _, rest = header.strip().partition(" ")
        parameters = {
            name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
            for name, quoted, plain in _PARAMETER.findall(rest)
        }
        challenge = Challenge(scheme.lower(), parameters.get("realm", ""), parameters.get("service", ""))
        found.setdefault(challenge.scheme, challenge)
    return found.get("bearer") or found.get("basic")
