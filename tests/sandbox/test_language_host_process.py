"""The language host as a process, without an engine: how it starts, answers and ends."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2 as language
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeStub

from sandbox.engine.installed_packages import Plugin, plugin_of, required_plugins
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
def test_it_ends_without_output_on_a_signal(host: subprocess.Popen[str], number: signal.Signals) -> None:
    assert host.stdout is not None
    host.stdout.readline()
    host.send_signal(number)
    assert host.communicate(timeout=10) == ("", "")
    assert host.returncode == 0


def test_it_refuses_to_generate_an_sdk(runtime: LanguageRuntimeStub) -> None:
    with pytest.raises(grpc.RpcError, match="installs pulumi-gitlab-runner itself, with pip"):
        runtime.GeneratePackage(language.GeneratePackageRequest())


def test_it_ends_when_the_engine_ends() -> None:
    """A shell in place of the engine starts the host in the background, waits for its port, and ends."""
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


def test_a_plugin_gets_the_requested_directory_arguments_and_environment(
    runtime: LanguageRuntimeStub, tmp_path: Path
) -> None:
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
    info = information(tmp_path)
    call = runtime.RunPlugin(language.RunPluginRequest(pwd=str(tmp_path), kind="resource", info=info))
    with (tmp_path / "held-open").open() as held:
        assert held.readline() == "running\n"
        call.cancel()
        closed, _, _ = select.select([held], [], [], 10)
    assert closed


def information(directory: Path, **options: str) -> language.ProgramInfo:
    info = language.ProgramInfo(
        root_directory=str(directory), program_directory=str(directory), entry_point="."
    )
    info.options.update(options)
    return info


def test_a_program_with_a_virtual_environment_is_refused(
    runtime: LanguageRuntimeStub, tmp_path: Path
) -> None:
    info = information(tmp_path, virtualenv="venv")
    with pytest.raises(grpc.RpcError, match="remove its option virtualenv, or install Pulumi"):
        runtime.Run(language.RunRequest(info=info))


def test_an_installation_says_who_keeps_the_packages(runtime: LanguageRuntimeStub) -> None:
    (answer,) = runtime.InstallDependencies(language.InstallDependenciesRequest())
    assert sys.executable in answer.stdout.decode()


@pytest.mark.parametrize(
    ("package", "stated", "plugin"),
    [
        ("pulumi-silent", None, Plugin("silent", "v1.0", "")),
        (
            "pulumi-stated",
            {"resource": True, "name": "said", "version": "1.2.3", "server": "https://example.com"},
            Plugin("said", "v1.2.3", "https://example.com"),
        ),
        ("pulumi-without", {"resource": False}, None),
        ("pulumi-policy", {"resource": True}, None),
        ("other", None, None),
        ("other-provider", {"resource": True}, Plugin("other-provider", "v1.0", "")),
    ],
)
def test_a_package_requires_the_plugin_that_it_states(
    package: str,
    stated: dict[str, Any] | None,
    plugin: Plugin | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in the official host, a package `pulumi-…` without this file is taken for a provider."""
    module = tmp_path / package.replace("-", "_")
    module.mkdir()
    (module / "__init__.py").touch()
    if stated is not None:
        (module / "pulumi-plugin.json").write_text(json.dumps(stated))
    monkeypatch.syspath_prepend(str(tmp_path))
    assert plugin_of(package, "1.0") == plugin


@pytest.mark.integration
@pytest.mark.parametrize("folder", [".", "components", "tests"])
def test_the_plugin_s_requirements_resolve_from_any_folder(folder: str) -> None:
    """`pulumi install` in components/ reads them there, and `package add ./components` from elsewhere."""
    place = Path(os.path.relpath(CHECKOUT / "components" / "requirements.txt", CHECKOUT / folder))
    checked = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--no-index", "-r", place],
        cwd=CHECKOUT / folder,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr


def test_the_library_requires_no_plugin() -> None:
    """Otherwise, every program that uses it would try a download that cannot exist."""
    names = {each.name for each in required_plugins()}
    assert "gitlab-runner" not in names
    assert {"aws", "gitlab"} <= names
