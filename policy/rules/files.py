"""Where the files of a runner are found in resources, and what can be read of them."""

import base64
import binascii
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
"""What may hold a config.toml, or a command that writes one."""

_GZIP = b"\x1f\x8b"
_MOST = 1 << 20
"""How many bytes of packed text are looked at; user data has 16 KiB before it is unpacked."""


def runner_files(resource: Resource) -> Iterator[str]:
    """Every text of a resource that a host has as a file or runs when it boots.

    What a container mounts is no part of it: a runner manager in a container needs its engine's socket.
    """
    if resource.type in HOSTS:
        return user_data(resource.inputs)
    if resource.type == CONTAINER:
        return readable(resource.inputs.get("uploads"))
    return readable(resource.inputs)


def user_data(inputs: Any) -> Iterator[str]:
    """Every text of the user data of instances."""
    for key in ("userData", "userDataBase64"):
        yield from readable(inputs.get(key))


def readable(value: Any) -> Iterator[str]:
    """Every text in a value, with base64 and gzip decoded."""
    for text in texts(value):
        yield text
        try:
            content = base64.b64decode(text)  # with line ends in it, too, as `base64` writes it
            # As cloud-init takes user data too.
            if content.startswith(_GZIP):
                content = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content, _MOST)
            yield content.decode()
        except (binascii.Error, ValueError, zlib.error):
            continue
