"""Errors that a person can act on."""


class SandboxError(Exception):
    """Something that set-up or a service needs is not there; the message says what to do."""
