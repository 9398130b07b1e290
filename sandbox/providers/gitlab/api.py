"""Calls to GitLab's REST API. Their errors are one line, without a token or a value that was sent.

As the official provider's client does, a call is made again after an answer of 429 or 5xx, and not where
there was none: GitLab may have done it. That client asks five times more, over some seconds; this one asks
once more, so that the sandbox is quick to fail. Source: gitlab-org/api/client-go, gitlab.go (retryHTTPCheck).
"""

import time
from typing import Any
from urllib.parse import quote

import httpx

from sandbox.standin.provider import Refused

API_PATH = "api/v4/"
_BEFORE_IT_ASKS_AGAIN_S = 0.1


class NotThere(Refused):
    """GitLab answered that there is no such thing, or none that this user may see."""


class Api:
    """The API of one GitLab, as one user. May be used by several threads.

    Args:
        base_url: the address of GitLab; `/api/v4/` is added if it is missing.
        token: a personal, project or group access token.
        headers: further headers of every request.
        verify: whether the certificate is checked, or the file of the authorities that are trusted.
    """

    def __init__(
        self, base_url: str, token: str, headers: dict[str, str] | None = None, verify: bool | str = True
    ) -> None:
        address = base_url.rstrip("/") + "/"
        if not address.endswith(API_PATH):
            address += API_PATH
        self._client = httpx.Client(
            base_url=address, headers={**(headers or {}), "Private-Token": token}, verify=verify
        )

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """What is at a path; `NotThere` if nothing is."""
        found: dict[str, Any] = self._send("GET", path, query).json()
        return found

    def find(self, path: str, **query: Any) -> dict[str, Any] | None:
        """What is at a path, or None."""
        try:
            return self.get(path, **query)
        except NotThere:
            return None

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Makes something new and returns it."""
        made: dict[str, Any] = self._send("POST", path, body=body).json()
        return made

    def put(self, path: str, body: dict[str, Any], **query: Any) -> None:
        """Changes what is at a path."""
        self._send("PUT", path, query, body)

    def delete(self, path: str, **query: Any) -> None:
        """Deletes what is at a path, if it is still there."""
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
    """The path of a group or project by id or by its full path, such as `projects/team%2Fapp`."""
    return f"{kind}/{quote(str(identifier), safe='')}"


def reason_of(response: httpx.Response) -> str:
    """Why GitLab refused, in one line, from any of the shapes that its answers have."""
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
