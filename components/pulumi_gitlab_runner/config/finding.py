"""What a check finds."""

from dataclasses import dataclass
from enum import StrEnum

from pulumi_gitlab_runner.printable import escaped


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """The runner would ignore it, refuse it or fail with it: nothing is rolled out."""
    WARNING = "warning"
    """It works, and hardly as meant."""


@dataclass(frozen=True)
class Finding:
    """One problem: where, what, and the way out. Never holds a secret.

    Attributes:
        severity: How bad it is.
        path: The place, such as `runners[0].docker.network_mtu`.
        found: What stands there, and why that is a problem.
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
