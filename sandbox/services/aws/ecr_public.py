"""ECR Public's GetAuthorizationToken, which pulls need, and moto does not have.

Source: docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html. Its endpoint
is in us-east-1; the token is not for a certain registry, since there is only one.
"""

import base64
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

PASSWORD = "gallery-auth-token"  # noqa: S105 - the password in the token
_REGION = "us-east-1"
_TARGET = "SpencerFrontendService.GetAuthorizationToken"
_LIFETIME_S = 12 * 60 * 60

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def scope_of(environ: dict[str, Any]) -> list[str]:
    """Return the region and the service of a request's signature; empty without one."""
    # AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…
    authorization: str = environ.get("HTTP_AUTHORIZATION", "")
    return authorization.partition(",")[0].split("/")[2:4]


def answering(others: Application) -> Application:
    """Return a WSGI application that serves ECR Public, and passes other requests to ``others``."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        scope = scope_of(environ)
        if scope[1:] != ["ecr-public"]:
            return others(environ, start_response)
        status, answer = _answer(scope[0], environ.get("HTTP_X_AMZ_TARGET", ""))
        start_response(status, [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps(answer).encode()]

    return application


def _answer(region: str, target: str) -> tuple[str, dict[str, Any]]:
    if target != _TARGET or region != _REGION:
        return "400 Bad Request", {
            "__type": "UnsupportedCommandException",
            "message": f"The sandbox knows {_TARGET} in {_REGION}, not {target} in {region}.",
        }
    token = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
    expires = time.time() + _LIFETIME_S
    return "200 OK", {"authorizationData": {"authorizationToken": token, "expiresAt": expires}}
