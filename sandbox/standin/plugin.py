"""The plugin of a stand-in: the gRPC service ``ResourceProvider``, and the process that serves it.

The SDK's base class for providers in Python (``pulumi.provider.experimental``) does not pass on a resource's
old inputs, which an exact diff needs, nor the engine's handshake; so this module implements the gRPC service
itself.
"""
# The names of the methods are the protocol's.
# ruff: noqa: D102, N802

import contextlib
import json
import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import provider_pb2 as protocol
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from .properties import Failure
from .provider import Difference, Incomplete, Refused, StandIn
from .schema import schema_of
from .values import Properties, decode, encode

_LARGEST_MESSAGE = 400 * 1024 * 1024
"""The maximum size of a gRPC message, in bytes: the engine's limit."""

_THREADS = 32
"""The maximum number of concurrent calls; the engine makes up to ``--parallel`` of them."""


class Service(provider_pb2_grpc.ResourceProviderServicer):
    """The gRPC service: translates requests of the engine into calls of ``provider``."""

    def __init__(self, provider: StandIn[Any]) -> None:
        self._provider = provider
        self._log = logging.getLogger(f"{__package__}.{provider.package}")

    def Handshake(self, request: Any, context: Any) -> Any:
        return protocol.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        from pulumi.runtime.proto import plugin_pb2

        return plugin_pb2.PluginInfo(version=self._provider.version)

    def GetSchema(self, request: Any, context: Any) -> Any:
        return protocol.GetSchemaResponse(schema=json.dumps(schema_of(self._provider)))

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        with self._call("CheckConfig", request, context):
            inputs, failures = self._provider.check_configuration(_configuration(decode(request.news)))
            return protocol.CheckResponse(
                inputs=encode(_texts(inputs)), failures=[_failure(failure) for failure in failures]
            )

    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = decode(request.old_inputs), decode(request.news)
        changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        changes = protocol.DiffResponse.DIFF_SOME if changed else protocol.DiffResponse.DIFF_NONE
        return protocol.DiffResponse(changes=changes, diffs=changed)

    def Configure(self, request: Any, context: Any) -> Any:
        with self._call("Configure", request, context):
            settings, failures = self._provider.check_configuration(_configuration(decode(request.args)))
            if failures:
                raise Refused("; ".join(f"{failure.path}: {failure.reason}" for failure in failures))
            self._provider.configure(settings)
            return protocol.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        with self._call(f"Invoke {request.tok}", request, context):
            result, failures = self._provider.invoke(request.tok, decode(request.args))
            secrets = self._provider.secret_results(request.tok)
            # "return" is a keyword of Python, so it cannot be written as an argument.
            answer: dict[str, Any] = {"return": encode(result, secrets)}
            return protocol.InvokeResponse(**answer, failures=[_failure(failure) for failure in failures])

    def Check(self, request: Any, context: Any) -> Any:
        with self._call("Check", request, context) as token:
            news = decode(request.news)
            inputs, failures = self._provider.check(
                token, _name(request.urn), decode(request.olds), news, request.randomSeed
            )
            return protocol.CheckResponse(
                inputs=encode(inputs, self._provider.secret_inputs(token)),
                failures=[_failure(failure) for failure in failures],
            )

    def Diff(self, request: Any, context: Any) -> Any:
        with self._call("Diff", request, context) as token:
            difference = self._provider.diff(
                token, decode(request.old_inputs), decode(request.olds), decode(request.news)
            )
            return _difference(difference)

    def Create(self, request: Any, context: Any) -> Any:
        with self._call("Create", request, context) as token:
            resource_id, outputs = self._provider.create(
                token, decode(request.properties), preview=request.preview
            )
            secrets = self._provider.secret_outputs(token)
            return protocol.CreateResponse(id=resource_id, properties=encode(outputs, secrets))

    def Read(self, request: Any, context: Any) -> Any:
        with self._call("Read", request, context) as token:
            state = self._provider.read(token, request.id, decode(request.inputs), decode(request.properties))
            if state is None:
                return protocol.ReadResponse()
            return protocol.ReadResponse(
                id=state.resource_id,
                properties=encode(state.outputs, self._provider.secret_outputs(token)),
                inputs=encode(state.inputs, self._provider.secret_inputs(token)),
            )

    def Update(self, request: Any, context: Any) -> Any:
        with self._call("Update", request, context) as token:
            outputs = self._provider.update(
                token,
                request.id,
                decode(request.old_inputs),
                decode(request.olds),
                decode(request.news),
                preview=request.preview,
            )
            return protocol.UpdateResponse(properties=encode(outputs, self._provider.secret_outputs(token)))

    def Delete(self, request: Any, context: Any) -> Any:
        with self._call("Delete", request, context) as token:
            timeout = request.timeout or None
            self._provider.delete(token, request.id, decode(request.properties), timeout)
            return empty_pb2.Empty()

    @contextmanager
    def _call(self, operation: str, request: Any, context: Any) -> Iterator[str]:
        """Run one call for the type in ``request``; log it without values; abort it on an exception."""
        urn = getattr(request, "urn", "")
        token = _token(urn)
        started = time.monotonic()
        try:
            yield token
        except Exception as error:
            self._abort(token, error, request, context)
        finally:
            self._log.info("%s %s %d ms", operation, urn, (time.monotonic() - started) * 1000)

    def _abort(self, token: str, error: Exception, request: Any, context: Any) -> NoReturn:
        message = str(error) if isinstance(error, Refused) else self._provider.explain(error)
        if message is None:
            self._log.error("%s", token, exc_info=error)
            message = f"an error inside the stand-in, {type(error).__name__}: {error}"
        if invoked := getattr(request, "tok", ""):
            message = _invoke_error(invoked, message)
        elif token and not message.startswith(token):
            message = f"{token}: {message}"
        if isinstance(error, Incomplete):
            _abort_incomplete(self._provider, token, error, message, context)
        context.abort(grpc.StatusCode.UNKNOWN, message)
        raise AssertionError("abort raises")


def _invoke_error(token: str, reason: str) -> str:
    """The error of a failed function as the official providers word it: the number of errors, then each one.

    Source: pulumi/pulumi-terraform-bridge, pkg/tfbridge/provider.go (Invoke: ``invoking TOKEN``), around
    hashicorp/go-multierror, format.go (ListFormatFunc).
    """
    return f"invoking {token}: 1 error occurred:\n\t* {reason}\n\n"


def serve(provider: StandIn[Any]) -> None:
    """Serve ``provider`` until the engine that started this process exits.

    The port is printed to standard output, as the protocol requires; the log is ``logs/provider-NAME.log``
    in the sandbox's directory.
    """
    _log_to_file(provider.package)
    options = [(f"grpc.max_{way}_message_length", _LARGEST_MESSAGE) for way in ("receive", "send")]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Service(provider), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    engine = os.getppid()
    with contextlib.suppress(KeyboardInterrupt):  # the engine stops its plugins with SIGINT
        while os.getppid() == engine and server.wait_for_termination(timeout=1):
            pass


def _log_to_file(package: str) -> None:
    directory = os.environ.get("SANDBOX_DIR")
    if not directory:
        return
    logs = Path(directory, "logs")
    logs.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(logs / f"provider-{package}.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    logger = logging.getLogger(__package__)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def _token(urn: str) -> str:
    """The resource type in ``urn``, ``urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME``."""
    return urn.split("::")[2].split("$")[-1] if urn else ""


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _configuration(properties: Properties) -> Properties:
    """A provider's configuration; the engine passes values other than strings as JSON."""
    skipped = ("version", "pluginDownloadURL")
    return {name: _parsed(value) for name, value in properties.items() if name not in skipped}


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
    except ValueError:
        return value


def _texts(settings: Properties) -> Properties:
    return {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in settings.items()}


def _failure(failure: Failure) -> Any:
    return protocol.CheckFailure(property=failure.path, reason=failure.reason)


def _difference(difference: Difference) -> Any:
    kinds = protocol.PropertyDiff.Kind
    detailed = {
        change.path: protocol.PropertyDiff(
            kind=kinds.Value(change.kind.value + ("_REPLACE" if change.replaces else "")), inputDiff=True
        )
        for change in difference.changes
    }
    some = protocol.DiffResponse.DIFF_SOME if difference.changes else protocol.DiffResponse.DIFF_NONE
    return protocol.DiffResponse(
        changes=some,
        diffs=sorted({change.property for change in difference.changes}),
        replaces=sorted({change.property for change in difference.changes if change.replaces}),
        deleteBeforeReplace=difference.deletes_first,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _abort_incomplete(
    provider: StandIn[Any], token: str, error: Incomplete, message: str, context: Any
) -> NoReturn:
    """Abort with the error and the partially created resource, which the engine keeps in the state."""
    made = protocol.ErrorResourceInitFailed(
        id=error.made.resource_id,
        properties=encode(error.made.outputs, provider.secret_outputs(token)),
        inputs=encode(error.made.inputs, provider.secret_inputs(token)),
        reasons=[message],
    )
    detail = any_pb2.Any()
    detail.Pack(made)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort raises")
