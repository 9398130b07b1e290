"""The language host as a process, without an engine: how it starts, answers and ends."""

import os
import select
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2 as language
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeStub

from sandbox.engine import installed_packages
from sandbox.paths import CHECKOUT

COMMAND = [sys.executable, "-P", "-m", "sandbox.engine.language_host", "--executor", "unused"]
ENVIRONMENT = dict(os.environ) | {"PYTHONPATH": str(CHECKOUT)}
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": ENVIRONMENT}


@pytest.fixture
def host() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(COMMAND, **PIPES) as process:  # type: ignore[call-overload]
        yield process
        process.kill()


@pytest.fixture
def runtime(host: subprocess.Popen[str]) -> Iterator[LanguageRuntimeStub]:
    assert host.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(host.stdout.readline())}") as channel:
        yield LanguageRuntimeStub(channel)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly_when_it_is_told_to(host: subprocess.Popen[str], number: signal.Signals) -> None:
    assert host.stdout is not None
    host.stdout.readline()
    host.send_signal(number)
    assert host.communicate(timeout=10) == ("", "")
    assert host.returncode == 0


def test_it_ends_when_the_engine_is_gone() -> None:
    """A shell plays the engine: it starts the host in the background, waits for its port, and is gone."""
    engine = (
        'pipe=$(mktemp -u) && mkfifo "$pipe" && { "$@" >"$pipe" & } && read -r port <"$pipe" && rm "$pipe"'
    )
    ended = subprocess.run(
        ["/bin/sh", "-c", engine, "engine", *COMMAND],
        capture_output=True,
        env=ENVIRONMENT,
        timeout=20,
        check=True,
    )  # returns when the host, which holds standard error open, has ended too
    assert ended.stderr == b""


def test_it_states_the_version_of_the_engine(runtime: LanguageRuntimeStub) -> None:
    assert runtime.GetPluginInfo(Empty()).version == "3.258.0"


def test_it_names_the_plugins_of_installed_packages(runtime: LanguageRuntimeStub) -> None:
    answer = runtime.GetRequiredPackages(language.GetRequiredPackagesRequest())
    named = {(package.name, package.version, package.kind) for package in answer.packages}
    assert {("aws", "v7.51.1", "resource"), ("gitlab", "v10.4.0", "resource")} <= named


def test_a_plugin_runs_where_and_as_it_is_asked(runtime: LanguageRuntimeStub, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "__main__.py").write_text(
        "import os, sys\n"
        "print(sys.argv[1:], os.getcwd(), os.environ['GIVEN'])\n"
        "print('a warning', file=sys.stderr)\n"
        "sys.exit(3)\n"
    )
    request = language.RunPluginRequest(
        pwd=str(tmp_path),
        args=["one", "two"],
        env=["GIVEN=a=b"],
        kind="resource",
        info=language.ProgramInfo(root_directory=str(plugin), program_directory=str(plugin), entry_point="."),
    )
    answers = list(runtime.RunPlugin(request))
    assert b"".join(answer.stdout for answer in answers) == f"['one', 'two'] {tmp_path} a=b\n".encode()
    assert b"".join(answer.stderr for answer in answers) == b"a warning\n"
    assert answers[-1].exitcode == 3


def test_a_plugin_ends_with_the_call(runtime: LanguageRuntimeStub, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held-open")
    (tmp_path / "__main__.py").write_text(
        "import pathlib, signal\n"
        "held = (pathlib.Path(__file__).parent / 'held-open').open('w')\n"
        "print('running', file=held, flush=True)\n"
        "signal.pause()\n"
    )
    info = language.ProgramInfo(
        root_directory=str(tmp_path), program_directory=str(tmp_path), entry_point="."
    )
    call = runtime.RunPlugin(language.RunPluginRequest(pwd=str(tmp_path), kind="resource", info=info))
    with (tmp_path / "held-open").open() as held:
        assert held.readline() == "running\n"
        call.cancel()
        closed, _, _ = select.select([held], [], [], 10)
    assert closed


def test_the_virtual_environment_of_a_program_is_used_where_it_is_there(
    runtime: LanguageRuntimeStub, tmp_path: Path
) -> None:
    info = language.ProgramInfo(root_directory=str(tmp_path))
    info.options.update({"virtualenv": "own"})
    assert runtime.About(language.AboutRequest(info=info)).executable == sys.executable
    venv.create(tmp_path / "own")
    own = str(tmp_path / "own" / "bin" / "python")
    assert runtime.About(language.AboutRequest(info=info)).executable == own
    assert (
        runtime.GetProgramDependencies(language.GetProgramDependenciesRequest(info=info)).dependencies == []
    )


PACKAGES = {
    "pulumi-stated": (
        "1.0.0",
        '{"resource": true, "name": "stated", "version": "1.2.3", "server": "https://example.com"}',
    ),
    "pulumi-without": ("1.0.0", '{"resource": false}'),
    "pulumi-silent": ("2.0.1", None),
    "pulumi_underscored": ("2.0.2", None),
    "pulumi-policy": ("1.21.0", None),
    "other": ("1.0.0", None),
    "other-provider": ("3.0.0", '{"resource": true}'),
}
"""Packages by their names: their version, and what their `pulumi-plugin.json` says, if they have one."""


def test_packages_of_another_interpreter(tmp_path: Path) -> None:
    """As the official host has it: a package `pulumi-…` that says nothing is taken for a provider."""
    venv.create(tmp_path)
    packages = next(tmp_path.glob("lib/python*/site-packages"))
    for name, (version, stated) in PACKAGES.items():
        described = packages / f"{name.replace('-', '_')}-{version}.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        folder = packages / name.replace("-", "_")
        folder.mkdir()
        (folder / "__init__.py").touch()
        if stated is not None:
            (folder / "pulumi-plugin.json").write_text(stated)
    found = installed_packages.plugins_of(str(tmp_path / "bin" / "python"))
    plugin = installed_packages.Plugin
    assert sorted(found, key=lambda each: each.name) == [
        plugin("other-provider", "v3.0.0", ""),
        plugin("silent", "v2.0.1", ""),
        plugin("stated", "v1.2.3", "https://example.com"),
        plugin("underscored", "v2.0.2", ""),
    ]


def test_the_library_itself_asks_for_no_plugin() -> None:
    """Else every program that uses it would look for a download that cannot exist."""
    names = {each.name for each in installed_packages.plugins_of(sys.executable)}
    assert "gitlab-runner" not in names
    assert {"aws", "gitlab"} <= names
