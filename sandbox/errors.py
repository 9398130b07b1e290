"""Errors with a message for the user."""

from pathlib import Path


class SandboxError(Exception):
    """A prerequisite of the set-up or of a service is missing; the message says what to do."""


def service_error(name: str, what: str, log: Path) -> SandboxError:
    """The error of a service that does not run: what happened, and the end of its log."""
    last_lines = log.read_text(errors="replace").splitlines()[-10:]
    return SandboxError("\n".join([f"The service {name} {what}. Its log, {log}, ends:", *last_lines]))
