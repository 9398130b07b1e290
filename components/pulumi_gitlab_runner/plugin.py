"""The package as a Pulumi plugin: components for programs in any language, and mirrored images.

The component server of Pulumi's SDK is extended by the calls of a resource provider. The components are
imported when the first one is constructed: the import takes seconds, and a stack that only mirrors images
does not need it.
"""
# The names and signatures are the protocol's (pulumi/pulumi, proto/pulumi/provider.proto).
# ruff: noqa: ARG002, N802

import asyncio
import sys
from collections.abc import Callable
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.provider import Provider, server
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as protocol

from pulumi_gitlab_runner import __version__
from pulumi_gitlab_runner.mirror.mirrored_image import TOKEN
from pulumi_gitlab_runner.mirror.progress import Progress
from pulumi_gitlab_runner.mirror.provider import MirroredImages
from pulumi_gitlab_runner.package import SCHEMA
from pulumi_gitlab_runner.registry.transfer import TransferError

if TYPE_CHECKING:
    from pulumi_gitlab_runner.package.provider import PackageProvider

LONGEST_WAIT_S = 10
WAIT_INTERVAL_S = 0.02

_Answer = TypeVar("_Answer")


class PackageServicer(server.ProviderServicer):
    """The gRPC service of the plugin: mirrored images here, components by the base class."""

    def __init__(self, provider: Provider, args: list[str], engine_address: str) -> None:
        super().__init__(provider, args, engine_address)
        self._images = MirroredImages()
        self._names: set[tuple[str, str, str, str]] = set()
        self._in_progress = self._refused = 0

    @cached_property
    def _engine(self) -> Any:
        return engine_pb2_grpc.EngineStub(grpc.insecure_channel(self.engine_address))

    async def Configure(self, request: Any, context: Any) -> Any:
        """Return the features that the plugin supports."""
        return protocol.ConfigureResponse(
            acceptSecrets=True, acceptResources=True, acceptOutputs=True, supportsPreview=True
        )

    async def Construct(self, request: Any, context: Any) -> Any:
        """Construct a component."""
        self.provider = _components()
        return await super().Construct(request, context)

    async def _construct(self, request: Any, context: Any) -> Any:
        """Construct a component; problems of an Output are known only when its resources are registered."""
        from pulumi.errors import InputPropertiesError, RunError

        from pulumi_gitlab_runner.resolution import DeclarationRefused

        self._in_progress += 1
        try:
            self._claim_name(request)
            return await super()._construct(request, context)
        except DeclarationRefused as refused:
            await self._until_the_others_end()
            raise _components().refused(refused, request.name, request.type) from None
        except RunError as error:
            await self._until_the_others_end()
            raise InputPropertiesError(str(error), []) from None
        except InputPropertiesError:
            await self._until_the_others_end()
            raise
        finally:
            self._in_progress -= 1

    def _claim_name(self, request: Any) -> None:
        """Refuse a second component with the same URN: the engine would report an error for each resource."""
        from pulumi.errors import RunError

        parents = request.parent.split("::")[2] if request.parent else ""
        urn = (request.monitorEndpoint, parents, request.type, request.name)
        if urn in self._names:
            raise RunError(
                f"another {request.type} of this program has the name {request.name!r}; give each its own"
            )
        self._names.add(urn)

    async def _until_the_others_end(self) -> None:
        """Wait until the other components are constructed, up to `LONGEST_WAIT_S` seconds.

        After an error the engine closes its connections, and each component in construction would report
        another error: "the client connection is closing".
        """
        self._refused += 1
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                while self._in_progress > self._refused:
                    await asyncio.sleep(WAIT_INTERVAL_S)
        except TimeoutError:
            pass
        finally:
            self._refused -= 1

    async def Cancel(self, request: Any, context: Any) -> Any:
        """Cancel the running copies."""
        self._images.interrupt()
        return empty_pb2.Empty()

    async def Check(self, request: Any, context: Any) -> Any:
        """Resolve the digest to copy."""

        def check() -> Any:
            inputs = struct_pb2.Struct()
            inputs.CopyFrom(request.news)
            try:
                inputs["digest"] = self._images.accepted_digest(
                    _plain(request.olds), _plain(request.news), self._warns(request.urn)
                )
            except TransferError as error:
                failure = protocol.CheckFailure(property="source", reason=str(error))
                return protocol.CheckResponse(inputs=inputs, failures=[failure])
            return protocol.CheckResponse(inputs=inputs)

        return await _answered(check, request, context)

    async def Diff(self, request: Any, context: Any) -> Any:
        """Return the properties that an update changes."""

        def differ() -> Any:
            found = self._images.difference(
                _plain(request.old_inputs), _plain(request.olds), _plain(request.news)
            )
            kinds = protocol.PropertyDiff.Kind
            return protocol.DiffResponse(
                changes=protocol.DiffResponse.DIFF_SOME if found.changed else protocol.DiffResponse.DIFF_NONE,
                diffs=found.changed,
                replaces=found.replaces,
                detailedDiff={
                    name: protocol.PropertyDiff(
                        kind=kinds.UPDATE_REPLACE if name in found.replaces else kinds.UPDATE,
                        inputDiff=True,
                    )
                    for name in found.changed
                },
                hasDetailedDiff=True,
            )

        return await _answered(differ, request, context)

    async def Create(self, request: Any, context: Any) -> Any:
        """Copy an image."""

        def create() -> Any:
            state, target = self._copied(request, request.properties)
            return protocol.CreateResponse(id="" if request.preview else target, properties=state)

        return await _answered(create, request, context)

    async def Update(self, request: Any, context: Any) -> Any:
        """Copy an image with another digest."""
        return await _answered(
            lambda: protocol.UpdateResponse(properties=self._copied(request, request.news)[0]),
            request,
            context,
        )

    async def Read(self, request: Any, context: Any) -> Any:
        """Read the digest of the image in the target repository."""

        def read() -> Any:
            inputs = _plain(request.inputs)
            if not inputs:
                raise TransferError(
                    f"{request.id} cannot be imported: declare it; an existing image is not copied again"
                )
            # A deleted image stays in the state, without a digest. The accepted digest is an input: the next
            # update copies that image again, even if the source's tag has moved.
            found = {"digest": self._images.digest_at_target(inputs) or ""}
            state = _struct(self._images.outputs(inputs) | found)
            return protocol.ReadResponse(id=request.id, properties=state, inputs=request.inputs)

        return await _answered(read, request, context)

    async def Delete(self, request: Any, context: Any) -> Any:
        """Delete the image if `delete` is declared."""

        def delete() -> Any:
            self._images.delete(_plain(request.old_inputs), _plain(request.properties)["digest"])
            return empty_pb2.Empty()

        return await _answered(delete, request, context)

    def _copied(self, request: Any, properties: Any) -> tuple[Any, str]:
        """Copy the image, except in a preview; the state and the id of the resource with these properties."""
        inputs = _plain(properties)
        if not request.preview:
            self._images.copy(inputs, Progress(inputs["target"], self._shows(request.urn)))
        return _struct(self._images.outputs(inputs)), inputs["target"]

    def _warns(self, urn: str) -> Callable[[str], None]:
        return lambda text: self._log(urn, engine_pb2.LogSeverity.WARNING, text)

    def _shows(self, urn: str) -> Callable[[str], None]:
        return lambda text: self._log(urn, engine_pb2.LogSeverity.INFO, text)

    def _log(self, urn: str, severity: Any, message: str) -> None:
        self._engine.Log(engine_pb2.LogRequest(severity=severity, message=message, urn=urn))


async def _answered(answer: Callable[[], _Answer], request: Any, context: Any) -> _Answer:
    """Run a handler in a thread, so that others continue. A failure is its message, without a traceback."""
    if request.urn.split("::")[2].split("$")[-1] != TOKEN:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{request.urn}: only {TOKEN} is a resource here")
    try:
        return await asyncio.to_thread(answer)
    except TransferError as error:
        await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise


@cache
def _components() -> "PackageProvider":
    from pulumi_gitlab_runner.package.provider import PackageProvider

    return PackageProvider()


def _plain(properties: Any) -> dict[str, Any]:
    """Properties as plain values, including secrets; an unknown value is `UNKNOWN`."""
    plain: dict[str, Any] = _without_marks(MessageToDict(properties))
    return plain


def _without_marks(value: Any) -> Any:
    value = rpc.unwrap_rpc_secret(value)
    if isinstance(value, dict):
        return {name: _without_marks(each) for name, each in value.items()}
    return value


def _struct(values: dict[str, Any]) -> Any:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def serve() -> None:
    """Serve the package to the engine that started this process."""
    server.ProviderServicer = PackageServicer  # type: ignore[misc]
    server.main(Provider(__version__, SCHEMA.read_text(encoding="utf-8")), sys.argv[1:])
