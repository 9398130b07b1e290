"""Versions of GitLab Runner: their notation, and the releases that introduced a feature."""

import re
from typing import NamedTuple

DEFAULT_RUNNER_VERSION = "19.3.0"
"""The default version of a host."""

_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]+)?(?:[-+~].*)?")
_PACKAGED = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_REPORTED = re.compile(r"(?m)^Version:\s+v?(\S+)")


class RunnerVersion(NamedTuple):
    """A minor release of GitLab Runner, such as 18.11.

    Configuration keys and rules change only with minor releases; no patch release has changed one.
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
"""The first release that pulls a service with a digest and without a tag by its digest."""
PATH_SCOPES = RunnerVersion(17, 5)
"""The first release with credentials for a path below a host. Earlier releases use them for the whole
host."""


def declared_release(version: str) -> RunnerVersion | None:
    """The release of a declared version, such as `18.11.0`; None if it is not one.

    A host installs the packages of exactly this version, so it must have three numbers and no suffix.
    """
    return RunnerVersion.parse(version) if _PACKAGED.fullmatch(version) else None


def reported_version(text: str) -> str | None:
    """The version in the output of `gitlab-runner --version`; None if it contains none that can be parsed."""
    match = _REPORTED.search(text)
    return match[1] if match and _VERSION.fullmatch(match[1]) else None
