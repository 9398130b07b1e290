"""The files of a runner in the inputs of resources."""

import base64
import zlib
from collections.abc import Iterator
from typing import Any

from .hosts import HOSTS
from .rule import Resource, texts

PARAMETER = "aws:ssm/parameter:Parameter"
S3_OBJECTS = ("aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject")
CONTAINER = "docker:index/container:Container"
VARIABLES = (
    "gitlab:index/groupVariable:GroupVariable",
    "gitlab:index/projectVariable:ProjectVariable",
    "gitlab:index/instanceVariable:InstanceVariable",
)
RUNNER_FILES = (*S3_OBJECTS, PARAMETER, CONTAINER, *HOSTS)
"""The resource types that may contain a config.toml, or a command that writes one."""

_GZIP = b"\x1f\x8b"
_MOST = 1 << 20
"""The maximum number of decompressed bytes that are checked; user data has at most 16 KiB when compressed."""


def runner_files(resource: Resource) -> Iterator[str]:
    """Every text of a resource that becomes a file of a host, or that a host runs when it boots.

    The mounts of a container are not included: a runner manager in a container needs its engine's socket.
    """
    if resource.type in HOSTS:
        return user_data(resource.inputs)
    if resource.type == CONTAINER:
        return readable(resource.inputs.get("uploads"))
    return readable(resource.inputs)


def user_data(inputs: Any) -> Iterator[str]:
    """Every text in the user data of instances."""
    for key in ("userData", "userDataBase64"):
        yield from readable(inputs.get(key))


def readable(value: Any) -> Iterator[str]:
    """Every text in a value, also decoded from base64 and gzip."""
    for text in texts(value):
        yield text
        try:
            content = base64.b64decode(text)  # also with line breaks, as the command `base64` writes it
            # cloud-init accepts compressed user data too.
            if content.startswith(_GZIP):
                content = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content, _MOST)
            yield content.decode()
        except (ValueError, zlib.error):
            continue
