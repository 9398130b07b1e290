"""CloudWatch in the protocol of the AWS SDK for Go: Smithy RPC v2 CBOR.

moto supports the JSON protocol of botocore. So a request is converted to JSON, and its response to CBOR, by
the API's model in botocore.
Source: smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any

from botocore.model import DenormalizedStructureBuilder
from botocore.parsers import BaseCBORParser
from botocore.serialize import RpcV2CBORSerializer

from sandbox.services.aws.ecr_public import Application

_PATH = re.compile(r"/service/(GraniteServiceVersion20100801)/operation/(\w+)")
_PROTOCOL = ("smithy-protocol", "rpc-v2-cbor")


def answering(others: Application) -> Application:
    """Return a WSGI application that converts CBOR requests to JSON for ``others``, and responses back."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = _PATH.fullmatch(environ.get("PATH_INFO", ""))
        if asked is None or environ.get("HTTP_SMITHY_PROTOCOL") != _PROTOCOL[1]:
            return others(environ, start_response)
        head: list[Any] = []
        parts = others(
            _in_json(environ, *asked.groups()),
            lambda status, headers, _error=None: head.extend((status, headers)),
        )
        status, headers = head
        body = _in_cbor(asked[2], status, json.loads(b"".join(parts) or b"{}"))
        kept = [each for each in headers if each[0].lower() not in ("content-type", "content-length")]
        made = [("Content-Type", "application/cbor"), ("Content-Length", str(len(body))), _PROTOCOL]
        start_response(status, kept + made)
        return [body]

    return application


def _in_json(environ: dict[str, Any], service: str, operation: str) -> dict[str, Any]:
    """The request converted to JSON."""
    parser = BaseCBORParser()
    sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    given = parser.parse_data_item(parser.get_peekable_stream_from_bytes(sent)) if sent else {}
    body = json.dumps(given, default=datetime.timestamp).encode()
    return {
        **environ,
        **dict.fromkeys(("PATH_INFO", "RAW_URI", "REQUEST_URI"), "/"),
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AMZ_TARGET": f"{service}.{operation}",
        "wsgi.input": BytesIO(body),
    }


def _in_cbor(operation: str, status: str, answer: dict[str, Any]) -> bytes:
    """The body of a JSON response converted to CBOR; empty if the operation has no output."""
    if status.startswith("2"):
        shape = _model().operation_model(operation).output_shape
    else:
        shape = _error()
        answer = {"__type": answer["__type"], "message": answer.get("Message", answer.get("message"))}
    body = bytearray()
    if shape is not None:
        RpcV2CBORSerializer()._serialize_data_item(body, answer, shape)
    return bytes(body)


@cache
def _model() -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model("cloudwatch")


@cache
def _error() -> Any:
    text = {"type": "string"}
    return DenormalizedStructureBuilder().with_members({"__type": text, "message": text}).build_model()
