"""A registry's challenge: how it wants to be authenticated to (RFC 9110; distribution, docs/spec/auth)."""

import re
from dataclasses import dataclass

_PARAMETER = re.compile(r'(?<!\w)(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')

_LONGEST = 4096
"""Of a header: the realm is an address, and the rest is short."""


@dataclass(frozen=True)
class Challenge:
    """The challenge of a ``WWW-Authenticate`` header.

    Attributes:
        scheme: ``basic`` or ``bearer``.
        realm: for ``bearer`` the address that gives tokens.
        service: for ``bearer`` the name of the service that the token is for.
    """

    scheme: str
    realm: str = ""
    service: str = ""


def read_challenge(headers: list[str]) -> Challenge | None:
    """The challenge of a response's ``WWW-Authenticate`` headers; ``bearer`` goes before ``basic``."""
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
