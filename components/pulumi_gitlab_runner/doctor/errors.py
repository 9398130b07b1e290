"""The error that ends the doctor with one message, without a traceback."""


class UsageError(Exception):
    """The doctor cannot do what was requested. The message says what is wrong and how to fix it."""
