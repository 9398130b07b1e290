"""The CI variables of projects and groups, over GitLab's API."""

import json
import ssl
from collections.abc import Mapping
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from .attempts import Clock, RefusedError, TemporaryError

Variable = Mapping[str, Any]
"""`scope` (`project 7`), `key`, `environment_scope`, `protected`."""

_TIMEOUT_S = 10.0
_REFUSALS = {
    400: "GitLab does not accept the variable (400)",
    401: "GitLab does not know the token, or it has expired (401)",
    403: "the token has no permission: it needs the scope api, and the role Maintainer in the project or "
    "Owner in the group (403)",
}


class GitLab:
    """A GitLab client for CI variables. It follows no redirects, so the token is sent only to GitLab.

    Args:
        url: the URL of GitLab.
        token: the API token.
        clock: the time limit.
        authorities: CA certificates in PEM, which are trusted in addition to the public ones.
    """

    def __init__(self, url: str, token: str, clock: Clock, authorities: str = "") -> None:
        self._url = urlsplit(url)
        self._authorities = authorities
        self._token = token
        self._clock = clock

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        trust = ssl.create_default_context()
        if self._authorities:
            trust.load_verify_locations(cadata=self._authorities)
        return trust

    def find(self, variable: Variable) -> dict[str, Any] | None:
        """The current variable; None if it does not exist."""
        found: dict[str, Any] | None = self._call("GET", _of(variable, one=True))
        return found

    def create(self, variable: Variable, settings: Mapping[str, Any]) -> None:
        """Create the variable."""
        named = {"key": variable["key"], "environment_scope": variable["environment_scope"]}
        try:
            created = self._call("POST", _of(variable), {**named, **settings})
        except RefusedError:
            if self.find(variable):
                raise TemporaryError("another run has just created the variable") from None
            raise
        if created is None:
            raise RefusedError("not found in GitLab, or the token has no access to it (404)")

    def change(self, variable: Variable, settings: Mapping[str, Any]) -> None:
        """Change the variable in place, if it still exists."""
        if self._call("PUT", _of(variable, one=True), settings) is None:
            raise TemporaryError("the variable has just been removed")

    def delete(self, variable: Variable) -> None:
        """Delete the variable."""
        self._call("DELETE", _of(variable, one=True))

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON of GitLab's response; None for a 404."""
        timeout = max(1.0, min(_TIMEOUT_S, self._clock.remaining))
        connection = (
            HTTPSConnection(self._url.netloc, timeout=timeout, context=self._trust)
            if self._url.scheme == "https"
            else HTTPConnection(self._url.netloc, timeout=timeout)
        )
        headers = {"PRIVATE-TOKEN": self._token, "Content-Type": "application/json"}
        prefix = f"{self._url.path.rstrip('/')}/api/v4"
        try:
            connection.request(method, prefix + path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            text = response.read()
        except ssl.SSLCertVerificationError as error:
            raise RefusedError(f"GitLab's certificate is not trusted: {error.verify_message}") from None
        except (OSError, HTTPException) as error:
            raise TemporaryError(f"GitLab cannot be reached ({type(error).__name__})") from None
        finally:
            connection.close()
        if response.status == 429 or response.status >= 500:
            wait = _seconds(response.getheader("Retry-After"))
            raise TemporaryError(f"GitLab answers {response.status}", wait)
        if response.status == 404:
            return None
        if response.status >= 300:
            raise RefusedError(_REFUSALS.get(response.status, f"GitLab answers {response.status}"))
        try:
            return json.loads(text) if text else {}
        except ValueError:
            raise RefusedError("the response is not JSON, so it is not from GitLab's API") from None


def _of(variable: Variable, *, one: bool = False) -> str:
    """The path of the variables of the project or group, or of this one variable."""
    kind, number = variable["scope"].split()
    path = f"/{kind}s/{number}/variables"
    scope = quote(variable["environment_scope"], safe="")
    return f"{path}/{variable['key']}?filter%5Benvironment_scope%5D={scope}" if one else path


def _seconds(retry_after: str | None) -> float:
    """`Retry-After` in seconds; 0 without it, or for a date, which GitLab does not send."""
    return float(retry_after) if retry_after and retry_after.isdigit() else 0
