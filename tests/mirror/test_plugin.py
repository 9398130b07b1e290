"""The plugin on the engine's protocol: secrets, previews, missing images, failures without a traceback."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NoReturn

import pytest
from google.protobuf import struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.provider import Provider
from pulumi.runtime.proto import provider_pb2 as protocol
from pulumi_gitlab_runner.mirror.mirrored_image import TOKEN
from pulumi_gitlab_runner.plugin import PackageServicer

from sandbox.paths import CHECKOUT
from tests.registry.double import DIGEST, PASSWORD, USERNAME, RegistryDouble, serving

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
URN = f"urn:pulumi:s::p::gitlab-runner:index:ImageMirror${TOKEN}::public-app"


class AbortedError(Exception):
    """The error of an aborted call."""


class Context:
    """The call's context, as far as the plugin uses it."""

    async def abort(self, code: Any, details: str) -> NoReturn:
        raise AbortedError(code.name, details)


@pytest.fixture
def plugin() -> Iterator[PackageServicer]:
    made = PackageServicer(Provider("1.0.0"), [], "127.0.0.1:1")
    with closing(made._images):
        yield made


@pytest.fixture
def registry() -> Iterator[RegistryDouble]:
    with serving(RegistryDouble()) as double:
        yield double


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def inputs(registry: RegistryDouble, **more: Any) -> dict[str, Any]:
    credentials = {**SECRET, "value": {"username": USERNAME, "password": PASSWORD}}
    known = {"source": f"{registry.host}/team/app:1", "target": f"{registry.host}/team/app:1"}
    return known | {"sourceCredentials": credentials, "targetCredentials": credentials} | more


def call(plugin: PackageServicer, method: str, request: Any) -> Any:
    return asyncio.run(getattr(plugin, method)(request, Context()))


def test_a_check_adds_the_digest_and_leaves_secrets_secret(
    plugin: PackageServicer, registry: RegistryDouble
) -> None:
    news = inputs(registry)
    answer = call(plugin, "Check", protocol.CheckRequest(urn=URN, news=struct(news)))
    assert MessageToDict(answer.inputs) == news | {"digest": DIGEST}


def test_a_source_without_the_image_is_a_problem_of_the_source(
    plugin: PackageServicer, registry: RegistryDouble
) -> None:
    registry.images = {}
    answer = call(plugin, "Check", protocol.CheckRequest(urn=URN, news=struct(inputs(registry))))
    (failure,) = answer.failures
    assert (failure.property, "has no such image" in failure.reason) == ("source", True)


def test_a_preview_copies_nothing_and_returns_the_reference(
    plugin: PackageServicer, registry: RegistryDouble
) -> None:
    properties = struct(inputs(registry, digest=DIGEST))
    answer = call(plugin, "Create", protocol.CreateRequest(urn=URN, properties=properties, preview=True))
    assert MessageToDict(answer.properties)["reference"] == f"{registry.host}/team/app:1@{DIGEST}"
    assert registry.requests == []


def test_a_missing_image_stays_in_the_state_with_the_accepted_digest(
    plugin: PackageServicer, registry: RegistryDouble
) -> None:
    registry.images = {}
    known = struct(inputs(registry, digest=DIGEST))
    answer = call(plugin, "Read", protocol.ReadRequest(id="it", urn=URN, inputs=known, properties=known))
    assert (answer.id, answer.properties["digest"], answer.inputs["digest"]) == ("it", "", DIGEST)
    assert PASSWORD not in str(answer.properties)


def test_a_refusal_is_one_message(plugin: PackageServicer, registry: RegistryDouble) -> None:
    registry.status = 403
    properties = struct(inputs(registry, digest=DIGEST))
    with pytest.raises(AbortedError) as caught:
        call(plugin, "Create", protocol.CreateRequest(urn=URN, properties=properties))
    code, message = caught.value.args
    assert code == "UNKNOWN"
    assert "it denies access to these credentials" in message
    assert "The tag is unchanged" in message


def test_another_type_is_not_served(plugin: PackageServicer) -> None:
    with pytest.raises(AbortedError, match="UNIMPLEMENTED"):
        call(plugin, "Check", protocol.CheckRequest(urn=URN.replace("MirroredImage", "Other")))


def test_the_components_are_not_loaded_for_an_image_or_the_schema() -> None:
    program = """
import sys
from pulumi.provider import server
from pulumi_gitlab_runner.plugin import serve

server.main = lambda provider, arguments: print("RunnerStack" in provider.schema, *sys.modules)
serve()
"""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "components")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    described, *modules = done.stdout.split()
    assert described == "True"
    assert {"pulumi_aws", "pulumi_gitlab", "boto3"}.isdisjoint(modules)
