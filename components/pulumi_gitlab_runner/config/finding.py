"""The findings of a check."""

from dataclasses import dataclass
from enum import StrEnum

from pulumi_gitlab_runner.printable import escaped


class Severity(StrEnum):
    """The severity of a finding."""

    ERROR = "error"
    """The runner ignores or refuses the setting, or fails with it: nothing is deployed."""
    WARNING = "warning"
    """The setting works, but probably not as intended."""


@dataclass(frozen=True)
class Finding:
    """One problem: its path, what was found, and the fix. Never contains a secret.

    Attributes:
        severity: The severity.
        path: The path, such as `runners[0].docker.network_mtu`.
        found: The value at the path, and why it is a problem.
        fix: The allowed values, or how to fix the problem.
        why: The consequence, if it is not that of the severity.
    """

    severity: Severity
    path: str
    found: str
    fix: str
    why: str = ""

    def __str__(self) -> str:
        return escaped(f"{self.path}: {self.found}; {self.fix}", lines=True)


def error(path: str, found: str, fix: str, why: str = "") -> Finding:
    """Return a finding that prevents the use of the configuration."""
    return Finding(Severity.ERROR, path, found, fix, why)


def warning(path: str, found: str, fix: str) -> Finding:
    """Return a finding that does not prevent the use of the configuration."""
    return Finding(Severity.WARNING, path, found, fix)
