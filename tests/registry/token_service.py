"""``python -m tests.registry.token_service FILE``: a registry's token service, like GitLab's and Azure's.

Each user gets tokens only for the repositories below their own path.
Source: distribution, docs/spec/auth: token.md (GET, user and password), oauth.md (POST, an identity token)
and jwt.md.
"""

import base64
import json
import secrets
import ssl
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from sandbox.docker.registry import IDENTITY_TOKEN_USER

LIFETIME_S = 300


class TokenService:
    """Issues tokens to the users of a registry.

    Args:
        settings: `service` and `issuer` as in the registry's configuration; `certificate` and `key`, the
            files that tokens are signed with; `users`, each with `username`, `password` and `path`.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._key = ECKey.import_key(Path(settings["key"]).read_text())
        first = Path(settings["certificate"]).read_text().partition("-----END CERTIFICATE-----")[0]
        self._certificate = "".join(first.splitlines()[1:])

    def token(self, username: str, password: str, scopes: list[str]) -> str | None:
        """Return a token for the allowed part of the requested scopes; None for an unknown user.

        Args:
            username: the user name.
            password: the password, or the identity token.
            scopes: the requested scopes, such as ``repository:team/app:pull,push``.
        """
        paths = [
            user["path"]
            for user in self._settings["users"]
            if (user["username"], user["password"]) == (username, password)
        ]
        if not paths:
            return None
        now = int(time.time())
        claims = {
            "iss": self._settings["issuer"],
            "aud": self._settings["service"],
            "sub": username,
            "iat": now,
            "nbf": now - 5,
            "exp": now + LIFETIME_S,
            "jti": secrets.token_hex(8),
            "access": [access for scope in scopes if (access := _access(scope, paths))],
        }
        return jwt.encode({"alg": "ES256", "x5c": [self._certificate]}, claims, self._key)


def _access(scope: str, paths: list[str]) -> dict[str, Any] | None:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    if not any(name.startswith(f"{path}/") for path in paths):
        return None
    return {"type": kind, "name": name, "actions": actions.split(",")}


class Handler(BaseHTTPRequestHandler):
    """The handler of one request."""

    service: TokenService
    protocol_version = "HTTP/1.1"  # a connection serves many requests, as GitLab's does
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Authenticate with the user and password of the Authorization header."""
        asked = parse_qs(urlsplit(self.path).query)
        packed = self.headers.get("Authorization", "").removeprefix("Basic ")
        username, _, password = base64.b64decode(packed).decode().partition(":")
        self._answer(username, password, asked.get("scope", []))

    def do_POST(self) -> None:
        """Authenticate with an identity token in a form."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        scopes = [scope for scopes in form.get("scope", []) for scope in scopes.split(" ")]
        self._answer(IDENTITY_TOKEN_USER, form.get("refresh_token", [""])[0], scopes)

    def _answer(self, username: str, password: str, scopes: list[str]) -> None:
        token = self.service.token(username, password, scopes)
        if token is None:
            refusal = {"code": "UNAUTHORIZED", "message": "authentication required"}
            self._send(HTTPStatus.UNAUTHORIZED, {"errors": [refusal]})
        else:
            self._send(HTTPStatus.OK, {"token": token, "access_token": token, "expires_in": LIFETIME_S})

    def _send(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(file: str) -> None:
    """Serve at the `address` and `port` of the settings, until the process is stopped."""
    settings = json.loads(Path(file).read_text())
    Handler.service = TokenService(settings)
    server = ThreadingHTTPServer((settings["address"], settings["port"]), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings["certificate"], settings["key"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
