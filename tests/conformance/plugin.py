"""A provider plugin as a process, and the engine's side of its protocol."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as protocol

from sandbox.standin.values import Properties, decode, encode

_TIMEOUT_S = 180
_LARGEST_MESSAGE = 400 * 1024 * 1024
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_WHOLE = "__meta"
"""The name that the bridge uses if all of a resource is replaced, in place of a property."""


class PluginError(Exception):
    """A plugin refuses; `made` is the incompletely created resource, if there is one."""

    def __init__(self, message: str, made: "Resource | None" = None) -> None:
        super().__init__(message)
        self.made = made


@dataclass(frozen=True)
class Resource:
    """A resource as the engine's state holds it, in the form of the protocol."""

    token: str
    id: str
    inputs: struct_pb2.Struct
    outputs: struct_pb2.Struct


@dataclass(frozen=True)
class Change:
    """What an update would change: each property, and whether its change replaces the resource."""

    properties: Mapping[str, bool]
    deletes_first: bool


class _Engine(engine_pb2_grpc.EngineServicer):
    """The part of an engine that a plugin calls: its log, which is discarded."""

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 (the protocol's)
        return empty_pb2.Empty()


class Plugin:
    """A provider plugin, from `start` to `stop` or as a context.

    Args:
        package: the provider's name.
        command: the command that starts it; the engine's address is added as the last argument.
        environment: variables of the process, besides those of this one.
        configuration: that of the provider.
    """

    def __init__(
        self,
        package: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        configuration: Mapping[str, str],
    ) -> None:
        self._package, self._configuration = package, configuration
        self._command, self._environment = command, {**os.environ, **environment}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def _start(self, stack: contextlib.ExitStack) -> None:
        engine = grpc.server(ThreadPoolExecutor(2))
        engine_pb2_grpc.add_EngineServicer_to_server(_Engine(), engine)
        address = f"127.0.0.1:{engine.add_insecure_port('127.0.0.1:0')}"
        engine.start()
        stack.callback(engine.stop, None)
        process = stack.enter_context(
            subprocess.Popen(
                [*self._command, address],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
        stack.callback(process.terminate)
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port.isdecimal():
            raise PluginError(f"{self._command[0]} does not start")
        options = [(f"grpc.max_{way}_message_length", _LARGEST_MESSAGE) for way in ("receive", "send")]
        channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}", options))
        self._stub = provider_pb2_grpc.ResourceProviderStub(channel)
        self._configure()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> Properties:
        """Return what a function of the provider answers."""
        answer = self._call("Invoke", protocol.InvokeRequest(tok=token, args=encode(arguments)))
        return decode(getattr(answer, "return"))

    def check(
        self, token: str, inputs: Mapping[str, Any], old: Resource | None = None, seed: str = "conformance"
    ) -> tuple[struct_pb2.Struct, list[str]]:
        """Return the inputs with defaults, and the properties that are refused, each with the reason."""
        request = protocol.CheckRequest(
            **_named(token),
            news=encode(inputs),
            randomSeed=seed.encode(),
            **({"olds": old.inputs} if old else {}),
        )
        answer = self._call("Check", request)
        return answer.inputs, [f"{failure.property}: {failure.reason}" for failure in answer.failures]

    def preview(self, token: str, inputs: struct_pb2.Struct) -> Properties:
        """Return the outputs that a preview shows."""
        request = protocol.CreateRequest(**_named(token), properties=inputs, preview=True)
        return decode(self._call("Create", request).properties)

    def create(self, token: str, inputs: struct_pb2.Struct) -> Resource:
        """Create a resource."""
        request = protocol.CreateRequest(**_named(token), properties=inputs, timeout=_TIMEOUT_S)
        answer = self._call("Create", request)
        return Resource(token, answer.id, inputs, _without_empty_secrets(answer.properties))

    def read(self, resource: Resource) -> Resource | None:
        """Return the current state of a resource; None if it does not exist any more."""
        request = protocol.ReadRequest(
            **_named(resource.token), id=resource.id, inputs=resource.inputs, properties=resource.outputs
        )
        answer = self._call("Read", request)
        if not answer.id:
            return None
        return Resource(resource.token, answer.id, answer.inputs, _without_empty_secrets(answer.properties))

    def find(self, token: str, resource_id: str) -> Resource | None:
        """Return a resource by its id alone, as an import does."""
        return self.read(Resource(token, resource_id, struct_pb2.Struct(), struct_pb2.Struct()))

    def diff(self, resource: Resource, inputs: struct_pb2.Struct) -> Change:
        """Return what an update to other inputs would change."""
        request = protocol.DiffRequest(
            **_named(resource.token),
            id=resource.id,
            old_inputs=resource.inputs,
            olds=resource.outputs,
            news=inputs,
        )
        answer = self._call("Diff", request)
        kinds = protocol.PropertyDiff.Kind
        replaces = dict.fromkeys(answer.diffs, False) | dict.fromkeys(answer.replaces, True)
        for path, detail in answer.detailedDiff.items():
            top = path.split(".")[0].split("[")[0]
            replaces[top] = replaces.get(top, False) or kinds.Name(detail.kind).endswith("_REPLACE")
        if answer.changes == protocol.DiffResponse.DIFF_NONE:
            replaces = {}
        if replaces.pop(_WHOLE, False):
            replaces = dict.fromkeys(replaces, True)
        return Change(replaces, answer.deleteBeforeReplace)

    def update(self, resource: Resource, inputs: struct_pb2.Struct) -> Resource:
        """Change a resource in place."""
        request = protocol.UpdateRequest(
            **_named(resource.token),
            id=resource.id,
            old_inputs=resource.inputs,
            olds=resource.outputs,
            news=inputs,
            timeout=_TIMEOUT_S,
        )
        answer = self._call("Update", request)
        return Resource(resource.token, resource.id, inputs, _without_empty_secrets(answer.properties))

    def delete(self, resource: Resource) -> None:
        """Delete a resource."""
        request = protocol.DeleteRequest(
            **_named(resource.token),
            id=resource.id,
            old_inputs=resource.inputs,
            properties=resource.outputs,
            timeout=_TIMEOUT_S,
        )
        self._call("Delete", request)

    def _configure(self) -> None:
        urn = f"urn:pulumi:conformance::conformance::pulumi:providers:{self._package}::default"
        request = protocol.CheckRequest(urn=urn, news=encode(self._configuration))
        answer = self._call("CheckConfig", request)
        if answer.failures:
            raise PluginError(answer.failures[0].reason)
        configure = protocol.ConfigureRequest(
            args=answer.inputs,
            variables={f"{self._package}:config:{key}": each for key, each in self._configuration.items()},
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
        )
        self._call("Configure", configure)

    def _call(self, operation: str, request: Any) -> Any:
        try:
            return getattr(self._stub, operation)(request, timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            raise PluginError(
                error.details() or str(error.code()), _incomplete_resource(request, error)
            ) from None


def secret_properties(properties: struct_pb2.Struct) -> list[str]:
    """Return the names of the properties that are, or hold, a secret."""

    def holds(value: struct_pb2.Value) -> bool:
        if value.HasField("list_value"):
            return any(map(holds, value.list_value.values))
        fields = value.struct_value.fields if value.HasField("struct_value") else {}
        is_secret = _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET
        return is_secret or any(holds(each) for each in fields.values())

    return sorted(name for name, value in properties.fields.items() if holds(value))


def _without_empty_secrets(properties: struct_pb2.Struct) -> struct_pb2.Struct:
    """Properties without secrets that have no value, which a plugin sends for a null, and does not accept."""
    for name, value in list(properties.fields.items()):
        fields = value.struct_value.fields
        if _SIGNATURE not in fields or fields[_SIGNATURE].string_value != _SECRET:
            continue
        if "value" not in fields or fields["value"].HasField("null_value"):
            del properties.fields[name]
    return properties


def _named(token: str) -> dict[str, str]:
    return {"urn": f"urn:pulumi:conformance::conformance::{token}::it", "type": token, "name": "it"}


def _incomplete_resource(request: Any, error: grpc.RpcError) -> Resource | None:
    """Return the resource that an error carries, as the engine reads it."""
    for name, value in error.trailing_metadata() or ():
        if name != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            made = protocol.ErrorResourceInitFailed()
            if detail.Unpack(made):
                return Resource(request.type, made.id, made.inputs, made.properties)
    return None
