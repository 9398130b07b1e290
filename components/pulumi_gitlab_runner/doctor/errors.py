"""What ends the doctor before it can look: said in one message, without a traceback."""


class UsageError(Exception):
    """The doctor cannot do what it was asked to. Its text says what is wrong and how to fix it."""
