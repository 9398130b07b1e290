"""The error that ends the doctor with one message, without a traceback."""

from pulumi_gitlab_runner.printable import printable


class UsageError(Exception):
    """The doctor cannot do what was requested. The message says what is wrong and how to fix it."""


def reason(said: object) -> str:
    """The message of a program or a service on one line, at most 300 characters."""
    return printable(" ".join(str(said).split())[:300])
