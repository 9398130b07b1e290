"""A minimal implementation of Pulumi's language host for Python, for the sandbox.

The engine starts it, reads the port from its first line of output, and calls it over gRPC to run programs,
component plugins and policy packs (pulumi/pulumi, `proto/pulumi/language.proto`; the official host is
`sdk/python/cmd/pulumi-language-python`, whose arguments and exit codes are the same). It is installed only
beside a built engine, which does not include the official one. Other methods are left out;
gRPC responds to them with "unimplemented".

All run on the interpreter that runs this host, which `./dev` has set up; `SANDBOX_PYTHON` may name another
command that starts it. A program with a virtual environment of its own, the option `virtualenv`, is refused.
"""

# ruff: noqa: ARG002, N802 (names and signatures are the protocol's)

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from sandbox.engine import installed_packages
from sandbox.engine.release import INSTALL, VERSION_TEXT
from sandbox.standin.protocol import import_protocol_only

if "pulumi" not in sys.modules:
    import_protocol_only()

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2 as language
from pulumi.runtime.proto import plugin_pb2 as plugin
from pulumi.runtime.proto.language_pb2_grpc import (
    LanguageRuntimeServicer,
    add_LanguageRuntimeServicer_to_server,
)

EXIT_AFTER_MESSAGE = 32
"""A program's exit code when it has already reported its error."""
MAXIMUM_PLUGINS = 64
"""The maximum number of plugins and programs that run concurrently: each occupies a thread of the server."""
GRACE_PERIOD_S = 5
"""The time after which a terminated program is killed, in seconds."""
PARENT_CHECK_INTERVAL_S = 1.0
CHUNK_BYTES = 1 << 16

Context = Any
"""`grpc.ServicerContext`; grpc has no types."""


class LanguageHost(LanguageRuntimeServicer):
    """The gRPC service that the engine calls.

    Args:
        executor: Pulumi's script `pulumi-language-python-exec`, which runs a program.
        engine_address: the address of the engine's gRPC server, `HOST:PORT`; a handshake may change it.
    """

    def __init__(self, executor: Path, engine_address: str) -> None:
        self.executor = executor
        self.engine_address = engine_address
        self.children: set[subprocess.Popen[bytes]] = set()

    def GetPluginInfo(self, request: Empty, context: Context) -> Any:
        """Return the version, which is the engine's."""
        return plugin.PluginInfo(version=VERSION_TEXT)

    def GetRequiredPackages(self, request: language.GetRequiredPackagesRequest, context: Context) -> Any:
        """Return the plugins that the installed packages require."""
        return language.GetRequiredPackagesResponse(
            packages=[
                plugin.PackageDependency(
                    kind="resource", name=each.name, version=each.version, server=each.server
                )
                for each in installed_packages.required_plugins()
            ]
        )

    def About(self, request: language.AboutRequest, context: Context) -> Any:
        """Return the Python that runs programs, and its version."""
        return language.AboutResponse(executable=sys.executable, version=platform.python_version())

    def InstallDependencies(
        self, request: language.InstallDependenciesRequest, context: Context
    ) -> Iterator[language.InstallDependenciesResponse]:
        """Install nothing: `./dev` has."""
        line = f"Using {sys.executable}; `./dev` keeps its packages up to date.\n"
        yield language.InstallDependenciesResponse(stdout=line.encode())

    def Run(self, request: language.RunRequest, context: Context) -> Any:
        """Run a program. Its output is this host's output, which the engine displays."""
        if environment := dict(request.info.options).get("virtualenv"):
            context.abort(
                grpc.StatusCode.UNKNOWN,
                f"the sandbox's language host runs programs in no virtual environment; Pulumi.yaml names "
                f"{environment}: remove its option virtualenv, or install Pulumi: {INSTALL}",
            )
        child = subprocess.Popen(
            [_python(), str(self.executor), *self._program_arguments(request)],
            env=os.environ
            | {
                "PULUMI_CONFIG": json.dumps(dict(request.config)),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            },
            stdin=subprocess.DEVNULL,
        )
        exit_code = self._wait(child, context)
        if exit_code == EXIT_AFTER_MESSAGE:
            return language.RunResponse(bail=True)
        if exit_code != 0:
            return language.RunResponse(error=f"program exited with non-zero exit code: {exit_code}")
        return language.RunResponse()

    def RunPlugin(
        self, request: language.RunPluginRequest, context: Context
    ) -> Iterator[language.RunPluginResponse]:
        """Run a plugin or a policy pack, and stream its output until it exits."""
        directory = request.info.program_directory
        is_policy_pack = request.kind == "analyzer"
        command = [_python(), directory, *request.args]
        if is_policy_pack:
            command = [sys.executable, "-u", "-m", "pulumi.policy", *request.args, directory]
        child = subprocess.Popen(
            command,
            cwd=directory if is_policy_pack else request.pwd,
            env=os.environ | dict(variable.partition("=")[::2] for variable in request.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(lambda: _end(child))
        yield from _output(child)
        exit_code = self._wait(child, context)
        if exit_code != 0:
            yield language.RunPluginResponse(exitcode=exit_code)

    def GeneratePackage(self, request: language.GeneratePackageRequest, context: Context) -> Any:
        """Refuse: the generator is written in Go, and a Python program here needs no SDK."""
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            "the sandbox's language host for Python makes no SDKs: a Python program installs "
            f"pulumi-gitlab-runner itself, with pip; for other packages, install Pulumi: {INSTALL}",
        )

    def Cancel(self, request: Empty, context: Context) -> Any:
        """Terminate all running programs and plugins."""
        for child in list(self.children):
            _end(child)
        return Empty()

    def _program_arguments(self, request: language.RunRequest) -> list[str]:
        options = {
            "monitor": request.monitor_address,
            "engine": self.engine_address,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        given = [part for name, value in options.items() if value for part in (f"--{name}", value)]
        return [*given, request.info.entry_point, *request.args]

    def _wait(self, child: subprocess.Popen[bytes], context: Context) -> int:
        """Wait for a child; it is terminated when the engine cancels the call."""
        self.children.add(child)
        context.add_callback(lambda: _end(child))
        try:
            return child.wait()
        finally:
            self.children.discard(child)


def _python() -> str:
    """The command that runs a program or a plugin."""
    return os.environ.get("SANDBOX_PYTHON", sys.executable)


def _output(child: subprocess.Popen[bytes]) -> Iterator[language.RunPluginResponse]:
    """Yield the output of a child as it is written, until both streams are closed."""
    assert child.stdout is not None  # noqa: S101 (created with pipes)
    assert child.stderr is not None  # noqa: S101
    chunks: SimpleQueue[language.RunPluginResponse | None] = SimpleQueue()

    def pump(stream: IO[bytes], name: str) -> None:
        with stream:
            while chunk := os.read(stream.fileno(), CHUNK_BYTES):
                response = language.RunPluginResponse()
                setattr(response, name, chunk)
                chunks.put(response)
        chunks.put(None)

    streams = (child.stdout, "stdout"), (child.stderr, "stderr")
    for stream, name in streams:
        threading.Thread(target=pump, args=(stream, name), daemon=True).start()
    still_open = len(streams)
    while still_open:
        chunk = chunks.get()
        if chunk is None:
            still_open -= 1
        else:
            yield chunk


def _end(child: subprocess.Popen[bytes]) -> None:
    """Terminate a child, and kill it after `GRACE_PERIOD_S`.

    Not with SIGINT: a Python program would print a traceback, as if it had failed.
    """
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(GRACE_PERIOD_S)
    except subprocess.TimeoutExpired:
        child.kill()


def main() -> None:
    """Serve until the engine interrupts this process, or exits."""
    parser = argparse.ArgumentParser(description="Pulumi's language host for Python, as the sandbox has it.")
    parser.add_argument("--executor", type=Path, required=True, help="Pulumi's script that runs a program")
    parser.add_argument("engine_address", nargs="?", default="", help="HOST:PORT of the engine")
    arguments, _ = parser.parse_known_args()

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()

    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(max_workers=MAXIMUM_PLUGINS), options=unlimited)
    host = LanguageHost(arguments.executor, arguments.engine_address)
    add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)

    while not stop.wait(PARENT_CHECK_INTERVAL_S) and os.getppid() == parent:
        pass
    for child in list(host.children):
        _end(child)
    server.stop(grace=None)


if __name__ == "__main__":
    main()
