"""ECR Public's GetAuthorizationToken, which pulls need, and moto does not have.

Source: docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html. Its endpoint
is in us-east-1; the token is not for a certain registry, since there is only one.
"""

import base64
import json
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.services.aws.layers import Application, scope_of

PASSWORD = "gallery-auth-token"  # noqa: S105 - the password in the token
_REGION = "us-east-1"
_TARGET = "SpencerFrontendService.GetAuthorizationToken"
_LIFETIME_S = 12 * 60 * 60


def answer(request: Request, others: Application) -> Application:
    """Answer the requests to ECR Public."""
    region, service = scope_of(request)
    if service != "ecr-public":
        return others
    target = request.headers.get("X-Amz-Target", "")
    known = target == _TARGET and region == _REGION
    body = _token() if known else _unknown(target, region)
    kind = "application/x-amz-json-1.1"
    return Response(json.dumps(body), 200 if known else 400, content_type=kind)


def _token() -> dict[str, Any]:
    token = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
    return {"authorizationData": {"authorizationToken": token, "expiresAt": time.time() + _LIFETIME_S}}


def _unknown(target: str, region: str) -> dict[str, Any]:
    message = f"The sandbox knows {_TARGET} in {_REGION}, not {target} in {region}."
    return {"__type": "UnsupportedCommandException", "message": message}
