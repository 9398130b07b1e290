"""Versions of GitLab Runner: how they are written, and which one has what."""

import re
from typing import NamedTuple

DEFAULT_RUNNER_VERSION = "19.3.0"
"""The version that a host gets where its declaration names none."""

_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]+)?(?:[-+~].*)?")
_PACKAGED = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_REPORTED = re.compile(r"(?m)^Version:\s+v?(\S+)")


class RunnerVersion(NamedTuple):
    """The release that a version of GitLab Runner belongs to.

    Keys and rules come and go with minor releases; no patch has changed one.
    """

    major: int
    minor: int

    def __str__(self) -> str:
        """The release as GitLab writes it, such as `18.11`."""
        return f"{self.major}.{self.minor}"

    @classmethod
    def parse(cls, text: str) -> "RunnerVersion":
        """The release of a version such as `19.4`, `v19.4.0`, `19.4.0-1` or `19.4.0~pre.12.g0a1b2c3d`.

        Raises:
            ValueError: the text is not a version.
        """
        match = _VERSION.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a version of GitLab Runner; write it as 18.11.0")
        return cls(int(match[1]), int(match[2]))


SERVICES_BY_DIGEST = RunnerVersion(17, 1)
"""The first release in which a service with a digest and no tag runs by its digest."""
PATH_SCOPES = RunnerVersion(17, 5)
"""The first release with credentials for a path below a host. Before, they are for the whole host."""


def declared_release(version: str) -> RunnerVersion | None:
    """The release of a version that a declaration may name; None for any other text.

    A host installs the packages of exactly this version, so it has all three numbers and nothing else.
    """
    return RunnerVersion.parse(version) if _PACKAGED.fullmatch(version) else None


def reported_version(text: str) -> str | None:
    """The version in what `gitlab-runner --version` prints; None where it prints none that can be parsed."""
    match = _REPORTED.search(text)
    return match[1] if match and _VERSION.fullmatch(match[1]) else None
