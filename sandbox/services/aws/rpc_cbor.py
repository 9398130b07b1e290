"""CloudWatch in the protocol of the AWS SDK for Go: Smithy RPC v2 CBOR.

moto supports the JSON protocol of botocore. So a request is converted to JSON, and its response to CBOR, by
the API's model in botocore.
Source: smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html.
"""

import json
import re
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any

from botocore.model import DenormalizedStructureBuilder
from botocore.parsers import BaseCBORParser
from botocore.serialize import RpcV2CBORSerializer
from werkzeug.wrappers import Request

from sandbox.services.aws.layers import Application, answer_of

_PATH = re.compile(r"/service/(GraniteServiceVersion20100801)/operation/(\w+)")
_PROTOCOL = ("smithy-protocol", "rpc-v2-cbor")


def answer(request: Request, others: Application) -> Application:
    """Convert CBOR requests to JSON for ``others``, and responses back."""
    asked = _PATH.fullmatch(request.path)
    if asked is None or request.headers.get(_PROTOCOL[0]) != _PROTOCOL[1]:
        return others
    response = answer_of(others, _in_json(request, *asked.groups()))
    succeeded = response.status_code < 300
    response.set_data(_in_cbor(asked[2], json.loads(response.get_data() or b"{}"), succeeded=succeeded))
    response.content_type = "application/cbor"
    response.headers.set(*_PROTOCOL)
    return response


def _in_json(request: Request, service: str, operation: str) -> dict[str, Any]:
    """The environment of the request converted to JSON."""
    parser = BaseCBORParser()
    sent = request.get_data()
    given = parser.parse_data_item(parser.get_peekable_stream_from_bytes(sent)) if sent else {}
    body = json.dumps(given, default=datetime.timestamp).encode()
    return {
        **request.environ,
        **dict.fromkeys(("PATH_INFO", "RAW_URI", "REQUEST_URI"), "/"),
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AMZ_TARGET": f"{service}.{operation}",
        "wsgi.input": BytesIO(body),
    }


def _in_cbor(operation: str, answer: dict[str, Any], *, succeeded: bool) -> bytes:
    """The body of a JSON response converted to CBOR; empty if the operation has no output."""
    if succeeded:
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
