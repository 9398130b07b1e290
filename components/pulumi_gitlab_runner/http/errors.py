"""Errors of HTTP requests. Each message is one line, without secrets."""


class HttpError(Exception):
    """There is no usable response. The message follows the name of the host in a sentence."""


class TimedOutError(HttpError):
    """The response was not complete in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"gave no answer in {seconds:g} seconds")
        self.seconds = seconds


class NotTrustedError(HttpError):
    """The certificate is signed by no trusted CA, has expired, or is for another host."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"has a certificate that is not trusted: {reason}")
        self.reason = reason


class UnreachableError(HttpError):
    """There is no connection, or it was closed before the end of the response."""


class TlsError(UnreachableError):
    """The server does not speak TLS, or only versions that are not allowed."""


class NotHttpError(HttpError):
    """The response is not HTTP."""


class TooLargeError(HttpError):
    """The response exceeds the size limit."""


class RedirectError(HttpError):
    """A redirect that is not followed."""
