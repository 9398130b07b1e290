"""Masks the secrets of a job in messages."""

import re
from collections.abc import Mapping

from pulumi_gitlab_runner.review.preview import SECRET

_NAME_OF_A_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSPHRASE|CREDENTIAL|PRIVATE|_KEY\b")
_SHORTEST = 6
_IN_A_URL = re.compile(r"(?<=://)[^/\s@]+(?=@)")


def masked(text: str, environment: Mapping[str, str]) -> str:
    """A text without the values of variables with the name of a secret, and without credentials in URLs.

    GitLab masks its variables in job logs only, not in notes and files.
    """
    secrets = {
        value
        for name, value in environment.items()
        if _NAME_OF_A_SECRET.search(name) and len(value) >= _SHORTEST
    }
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, SECRET)
    return _IN_A_URL.sub(SECRET, text)
