"""The findings of a check."""

from dataclasses import dataclass
from enum import StrEnum

from pulumi_gitlab_runner.printable import escaped


class Severity(StrEnum):
    """The severity of a finding."""

    ERROR = "error"
    """The runner would ignore it, refuse it or fail with it: nothing is deployed."""
    WARNING = "warning"
    """It works, but probably not as intended."""


@dataclass(frozen=True)
class Finding:
    """One problem: its path, what was found, and the fix. Never contains a secret.

    Attributes:
        severity: The severity.
        path: Such as `runners[0].docker.network_mtu`.
        found: The value there, and why it is a problem.
        fix: What is allowed, or how to fix it.
    """

    severity: Severity
    path: str
    found: str
    fix: str

    def __str__(self) -> str:
        return escaped(f"{self.path}: {self.found}; {self.fix}", lines=True)


def error(path: str, found: str, fix: str) -> Finding:
    """Return a finding that keeps the configuration from being used."""
    return Finding(Severity.ERROR, path, found, fix)


def warning(path: str, found: str, fix: str) -> Finding:
    """Return a finding that leaves the configuration usable."""
    return Finding(Severity.WARNING, path, found, fix)
