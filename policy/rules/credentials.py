"""Rules about stored credentials: runner tokens, Docker configurations."""

import base64
import binascii
import zlib
from collections.abc import Iterator

from .hosts import LAUNCH_TEMPLATE
from .rule import Inputs, Rule, texts

PARAMETER = "aws:ssm/parameter:Parameter"
INSTANCE = "aws:ec2/instance:Instance"
S3_OBJECTS = ("aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject")
CONTAINER = "docker:index/container:Container"
VARIABLES = (
    "gitlab:index/groupVariable:GroupVariable",
    "gitlab:index/projectVariable:ProjectVariable",
    "gitlab:index/instanceVariable:InstanceVariable",
)
RUNNER_TOKEN = "glrt-"  # noqa: S105 - what a runner authentication token starts with
AWS_OWN_KEY = "alias/aws/ssm"


def openly_kept_token(_kind: str, inputs: Inputs) -> Iterator[str]:
    """Under AWS's own key every principal that may read parameters can decrypt this one.

    Source: docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html.
    """
    if not any(RUNNER_TOKEN in text for key in ("value", "insecureValue") for text in texts(inputs.get(key))):
        return
    if inputs.get("type") != "SecureString":
        yield 'It holds a runner token in the clear. Set type="SecureString" and keyId to a key of your own.'
    elif not inputs.get("keyId") or inputs["keyId"].endswith(AWS_OWN_KEY):
        yield "Its runner token is under AWS's own key. Set keyId to a customer-managed key."


def creds_store(_kind: str, inputs: Inputs) -> Iterator[str]:
    """A credsStore is asked for every registry, and a public image fails when it has no answer."""
    if any("credsStore" in text for text in _readable(inputs)):
        yield (
            "It holds a Docker configuration with credsStore, which is asked for every registry and breaks "
            "public pulls. Use credHelpers, which name a helper for each registry."
        )


def token_in_user_data(_kind: str, inputs: Inputs) -> Iterator[str]:
    """User data can be read by every process of an instance, and by everyone who may describe it."""
    given = {key: inputs.get(key) for key in ("userData", "userDataBase64")}
    if any(RUNNER_TOKEN in text for text in _readable(given)):
        yield (
            "Its user data holds a runner token. Keep the token as a SecureString parameter, "
            "and let the host read it when it boots."
        )


_GZIP = b"\x1f\x8b"
_MOST = 1 << 20
"""How many bytes of packed text are looked at; user data has 16 KiB before it is unpacked."""


def _readable(inputs: Inputs) -> Iterator[str]:
    """Every text of a resource, with base64 and gzip decoded."""
    for text in texts(inputs):
        yield text
        try:
            content = base64.b64decode(text, validate=True)
            # As cloud-init takes user data too.
            if content.startswith(_GZIP):
                content = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content, _MOST)
            yield content.decode()
        except (binascii.Error, ValueError, zlib.error):
            continue


RUNNER_TOKENS_ENCRYPTED = Rule(
    "runner-tokens-encrypted",
    "A parameter with a runner token is a SecureString under a customer-managed key.",
    (PARAMETER,),
    openly_kept_token,
)
NO_CREDS_STORE = Rule(
    "no-creds-store",
    "No Docker configuration names a credsStore.",
    (*S3_OBJECTS, *VARIABLES, PARAMETER, CONTAINER),
    creds_store,
)
USER_DATA_WITHOUT_TOKEN = Rule(
    "user-data-without-token",
    "No user data holds a runner token.",
    (LAUNCH_TEMPLATE, INSTANCE),
    token_in_user_data,
)
