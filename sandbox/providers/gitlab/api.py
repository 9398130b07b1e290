"""Calls to GitLab's REST API. Their errors are one line, without a token or a sent value.

As in the official provider's client, a request is retried after a response of 429 or 5xx, but not without a
response: GitLab may have processed it. That client retries five times, over some seconds; this one once, so
that the sandbox fails fast. Source: gitlab-org/api/client-go, gitlab.go (retryHTTPCheck).
"""

import time
from typing import Any
from urllib.parse import quote

import httpx

from sandbox.standin.provider import Refused

API_PATH = "api/v4/"
_BEFORE_IT_ASKS_AGAIN_S = 0.1


class NotThere(Refused):
    """GitLab returned 404: the object does not exist, or the user may not see it."""


class Api:
    """The client of a GitLab instance's API, as one user. Thread-safe.

    Args:
        base_url: the URL of GitLab; `/api/v4/` is added if it is missing.
        token: a personal, project or group access token.
        headers: additional headers of every request.
        verify: whether the certificate is verified, or the path of a CA bundle.
    """

    def __init__(
        self, base_url: str, token: str, headers: dict[str, str] | None = None, verify: bool | str = True
    ) -> None:
        address = base_url.rstrip("/") + "/"
        if not address.endswith(API_PATH):
            address += API_PATH
        self._client = httpx.Client(
            base_url=address,
            headers={**(headers or {}), "Private-Token": token},
            # Loading the CAs takes longer than the start of the process, and the sandbox's GitLab has no TLS.
            verify=verify if address.startswith("https:") else False,
        )

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The object at a path; `NotThere` if not found."""
        found: dict[str, Any] = self._send("GET", path, query).json()
        return found

    def find(self, path: str, **query: Any) -> dict[str, Any] | None:
        """The object at a path, or None if not found."""
        try:
            return self.get(path, **query)
        except NotThere:
            return None

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Creates an object, and returns it."""
        made: dict[str, Any] = self._send("POST", path, body=body).json()
        return made

    def put(self, path: str, body: dict[str, Any], **query: Any) -> None:
        """Updates the object at a path."""
        self._send("PUT", path, query, body)

    def delete(self, path: str, **query: Any) -> None:
        """Deletes the object at a path, if it exists."""
        try:
            self._send("DELETE", path, query)
        except NotThere:
            return

    def _send(
        self, method: str, path: str, query: dict[str, Any] | None = None, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        try:
            response = self._client.request(method, path, params=query or None, json=body)
            if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
                time.sleep(_BEFORE_IT_ASKS_AGAIN_S)
                response = self._client.request(method, path, params=query or None, json=body)
        except httpx.TransportError as error:
            raise Refused(f"GitLab at {self._client.base_url} is not reachable: {error}") from error
        if response.is_success:
            return response
        kind = NotThere if response.status_code == httpx.codes.NOT_FOUND else Refused
        raise kind(f"{method} {path}: GitLab answered {response.status_code}: {reason_of(response)}")


def place(kind: str, identifier: str) -> str:
    """The path of a group or project, by its id or full path, such as `projects/team%2Fapp`."""
    return f"{kind}/{quote(str(identifier), safe='')}"


def reason_of(response: httpx.Response) -> str:
    """The reason in an error response of GitLab, in one line, from any of its formats."""
    try:
        body = response.json()
    except ValueError:
        return response.reason_phrase
    if not isinstance(body, dict):
        return response.reason_phrase
    reason = body.get("error_description") or body.get("message") or body.get("error")
    if isinstance(reason, dict):
        return "; ".join(f"{attribute} {_one_line(messages)}" for attribute, messages in reason.items())
    return _one_line(reason or response.reason_phrase)


def _one_line(messages: Any) -> str:
    return ", ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
