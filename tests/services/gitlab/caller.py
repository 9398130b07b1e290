"""Calls the API of a GitLab double, without a socket."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

TOKEN = "token-of-the-administrator"


@dataclass
class Answer:
    """A response."""

    status: int
    body: Any
    headers: Any


@dataclass
class Caller:
    """Calls the API with a token; the other tokens are the administrator's with a suffix."""

    client: FlaskClient
    token: str = TOKEN

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        headers = {"Private-Token": self.token, **options.pop("headers", {})}
        response = self.client.open(f"/api/v4/{path}", method=method, json=body, headers=headers, **options)
        return Answer(response.status_code, response.get_json(silent=True), response.headers)

    def as_(self, suffix: str) -> "Caller":
        return Caller(self.client, f"{TOKEN}-{suffix}")
