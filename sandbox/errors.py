"""Errors with a message for the user."""


class SandboxError(Exception):
    """A prerequisite of the set-up or of a service is missing; the message says what to do."""
