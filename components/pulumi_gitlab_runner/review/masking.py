"""Masks the secrets of a job in messages."""

import re
from collections.abc import Mapping

from pulumi_gitlab_runner.review.preview import SECRET

_NAME_OF_A_SECRET = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE|AUTH_CONFIG|JWT|_PASS\b|_KEY\b|API_?KEY",
    re.IGNORECASE,
)
_SHORTEST = 6
_SHORTEST_LINE = 16
"""The minimum length of a line that is masked by itself, such as those of a key in PEM."""
_IN_A_URL = re.compile(r"(?<=://)[^/\s@]+(?=@)")


def masked(text: str, environment: Mapping[str, str]) -> str:
    """A text without the values of variables with the name of a secret, and without credentials in URLs.

    GitLab masks its variables in job logs only, not in notes and files.
    """
    values = [value for name, value in environment.items() if _NAME_OF_A_SECRET.search(name)]
    lines = (line.strip() for value in values for line in value.splitlines())
    secrets = {value for value in values if len(value) >= _SHORTEST}
    secrets |= {line for line in lines if len(line) >= _SHORTEST_LINE}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, SECRET)
    return _IN_A_URL.sub(SECRET, text)
