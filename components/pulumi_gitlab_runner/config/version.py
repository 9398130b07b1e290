"""Versions of GitLab Runner that decide which keys exist."""

import re
from typing import NamedTuple


class RunnerVersion(NamedTuple):
    """A release of GitLab Runner; keys come and go with minor releases."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def parse_version(text: str) -> RunnerVersion:
    """Return the release that a version such as `19.4`, `v19.4.0` or `19.4.0-1` belongs to.

    Raises:
        ValueError: The text is not a version.
    """
    match = re.match(r"v?(\d+)\.(\d+)(?!\d)", text)
    if match is None:
        raise ValueError(f"runner version {text!r} is not understood; write it as `19.4.0`")
    return RunnerVersion(int(match[1]), int(match[2]))
