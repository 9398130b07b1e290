"""Errors of HTTP requests. Each message is one line, without secrets."""


class HttpError(Exception):
    """There is no usable answer. The message is written after the name of the host."""


class TimedOutError(HttpError):
    """The answer was not complete in time.

    Attributes:
        seconds: how long there was for it.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"gave no answer in {seconds:g} seconds")
        self.seconds = seconds


class NotTrustedError(HttpError):
    """The certificate is signed by no CA that is trusted here, has ended, or is for another host.

    Attributes:
        reason: as OpenSSL words it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"has a certificate that is not trusted: {reason}")
        self.reason = reason


class UnreachableError(HttpError):
    """There is no connection, or it was closed before the end of the response."""


class TlsError(UnreachableError):
    """The server does not speak TLS, or no version of it that is allowed here."""


class NotHttpError(HttpError):
    """The response is not HTTP."""


class TooLargeError(HttpError):
    """The response is larger than any valid one."""


class RedirectError(HttpError):
    """A redirect that is not followed."""
