"""The language host as a process, without an engine: how it starts, answers and ends."""

import os
import select
import shutil
import signal
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator, Mapping
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


def wheel(directory: Path, name: str, version: str = "1.0", stated: str | None = None) -> Path:
    """A wheel of an empty package, which pip installs without an index."""
    module, described = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    directory.mkdir(exist_ok=True)
    path = directory / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as files:
        files.writestr(f"{module}/__init__.py", "")
        if stated is not None:
            files.writestr(f"{module}/pulumi-plugin.json", stated)
        files.writestr(f"{described}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        files.writestr(f"{described}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        files.writestr(f"{described}/RECORD", "")
    return path


def printed(answers: Iterator[language.InstallDependenciesResponse]) -> str:
    return b"".join(answer.stdout for answer in answers).decode()


@pytest.fixture(scope="module")
def virtual_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with only pip; to create one takes longer than to copy it."""
    directory = tmp_path_factory.mktemp("virtual") / "environment"
    venv.create(directory, with_pip=True)
    return directory


@pytest.mark.integration
def test_requirements_of_a_program_are_installed_into_its_virtual_environment(
    runtime: LanguageRuntimeStub, tmp_path: Path
) -> None:
    """Requirements of each form are resolved from the program's own folder, not from the current one."""
    names = ("greeting", "parting", "meeting")
    for name in names:
        built = wheel(tmp_path / "wheels", f"pulumi-{name}", stated=f'{{"resource": true, "name": "{name}"}}')
    settings = f"--no-index\n--find-links {tmp_path / 'wheels'}\n"
    required = f"pulumi-greeting==1.0\npulumi-parting\n./wheels/{built.name}\n"
    (tmp_path / "requirements.txt").write_text(settings + required)
    info = information(tmp_path, virtualenv="own")
    refused = runtime.Run.future(language.RunRequest(info=info))
    assert "'virtualenv' option" in refused.exception(timeout=60).details()

    output = printed(runtime.InstallDependencies(language.InstallDependenciesRequest(info=info)))
    (successfully,) = (line for line in output.splitlines() if line.startswith("Successfully installed"))
    assert {f"pulumi-{name}-1.0" for name in names} <= set(successfully.split())
    own = str(tmp_path / "own" / "bin" / "python")
    assert runtime.About(language.AboutRequest(info=info)).executable == own
    packages = runtime.GetRequiredPackages(language.GetRequiredPackagesRequest(info=info)).packages
    assert {(each.name, each.version) for each in packages} == {(name, "v1.0.0") for name in names}
    listed = runtime.GetProgramDependencies(language.GetProgramDependenciesRequest(info=info)).dependencies
    assert {(f"pulumi-{name}", "1.0") for name in names} <= {(each.name, each.version) for each in listed}


@pytest.mark.integration
def test_a_missing_virtual_environment_is_created_before_the_program_runs(
    runtime: LanguageRuntimeStub, tmp_path: Path
) -> None:
    info = information(tmp_path, virtualenv="own")
    assert not runtime.GetRequiredPackages(language.GetRequiredPackagesRequest(info=info)).packages
    assert (tmp_path / "own" / "bin" / "python").exists()


@pytest.mark.integration
def test_missing_requirements_are_one_message(
    runtime: LanguageRuntimeStub, virtual_environment: Path, tmp_path: Path
) -> None:
    """Such as a path that is relative to another folder: `-e ./components` in components/."""
    shutil.copytree(virtual_environment, tmp_path / "own", symlinks=True)
    (tmp_path / "requirements.txt").write_text("-e ./elsewhere\n")
    info = information(tmp_path, virtualenv="own")
    with pytest.raises(grpc.RpcError) as raised:
        printed(runtime.InstallDependencies(language.InstallDependenciesRequest(info=info)))
    assert "-r requirements.txt" in raised.value.details()  # type: ignore[attr-defined]


@pytest.mark.integration
def test_a_plugin_runs_in_its_own_virtual_environment_if_it_has_one(
    runtime: LanguageRuntimeStub, virtual_environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "__main__.py").write_text("import sys\nprint(sys.prefix)\n")
    request = language.RunPluginRequest(pwd=str(tmp_path), kind="resource", info=information(tmp_path))
    install = language.InstallDependenciesRequest(info=information(tmp_path), is_plugin=True)

    def prefix() -> str:
        return b"".join(answer.stdout for answer in runtime.RunPlugin(request)).decode().strip()

    assert prefix() == sys.prefix
    assert sys.executable in printed(runtime.InstallDependencies(install))
    shutil.copytree(virtual_environment, tmp_path / "venv", symlinks=True)
    assert prefix() == str(tmp_path / "venv")
    wheel(tmp_path / "wheels", "greeting")
    (tmp_path / "requirements.txt").write_text("--no-index\n--find-links wheels\ngreeting\n")
    assert "Successfully installed greeting-1.0" in printed(runtime.InstallDependencies(install))


def test_a_plugin_that_is_a_package_without_a_main_module_is_run_by_its_name(
    runtime: LanguageRuntimeStub, tmp_path: Path
) -> None:
    """`python -m pulumi.run.plugin NAME` looks for components in the package, which is not installed here."""
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "any"\n[project]\nname = "greeting"\n'
    )
    request = language.RunPluginRequest(pwd=str(tmp_path), kind="resource", info=information(tmp_path))
    output = b"".join(answer.stderr for answer in runtime.RunPlugin(request)).decode()
    assert "No module named 'greeting'" in output


@pytest.mark.integration
def test_a_program_s_dependencies_are_those_that_nothing_else_requires(runtime: LanguageRuntimeStub) -> None:
    """`pulumi about` lists these; an engine may also request all of them."""

    def named(transitive: bool) -> set[str]:
        request = language.GetProgramDependenciesRequest(transitiveDependencies=transitive)
        return {each.name for each in runtime.GetProgramDependencies(request).dependencies}

    roots = named(False)
    assert "pulumi-gitlab-runner" in roots
    assert "pulumi-aws" not in roots
    assert {"pulumi-gitlab-runner", "pulumi-aws", "typing-extensions"} <= named(True)


PACKAGES = {
    "pulumi-stated": (
        "1.0.0",
        '{"resource": true, "name": "stated", "version": "1.2.3", "server": "https://example.com"}',
    ),
    "pulumi-without": ("1.0.0", '{"resource": false}'),
    "pulumi-silent": ("2.0.1", None),
    "pulumi_underscored": ("2.0.2", None),
    "Pulumi.Dotted": ("2.0.3rc1", None),
    "pulumi-epoch": ("1!2.0", None),
    "pulumi-policy": ("1.21.0", '{"resource": true}'),
    "other": ("1.0.0", None),
    "other-provider": ("3.0.0", '{"resource": true}'),
}
"""Packages by name: the version, and the content of `pulumi-plugin.json`, if there is one."""


def installed(directory: Path, packages: Mapping[str, tuple[str, str | None]]) -> str:
    """Create a virtual environment with packages; return its interpreter."""
    venv.create(directory)
    place = next(directory.glob("lib/python*/site-packages"))
    for name, (version, stated) in packages.items():
        with zipfile.ZipFile(wheel(directory / "wheels", name, version, stated)) as files:
            files.extractall(place)
    return str(directory / "bin" / "python")


def test_packages_of_another_interpreter(tmp_path: Path) -> None:
    """As in the official host, a package `pulumi-…` without this file is taken for a provider."""
    found = installed_packages.plugins_of(installed(tmp_path, PACKAGES))
    plugin = installed_packages.Plugin
    assert sorted(found, key=lambda each: each.name) == [
        plugin("dotted", "v2.0.3-rc.1", ""),
        plugin("other-provider", "v3.0.0", ""),
        plugin("silent", "v2.0.1", ""),
        plugin("stated", "v1.2.3", "https://example.com"),
        plugin("underscored", "v2.0.2", ""),
    ]


def test_a_package_whose_statement_cannot_be_read_is_named(tmp_path: Path) -> None:
    python = installed(tmp_path, {"pulumi-broken": ("1.0.0", "{")})
    with pytest.raises(ValueError, match=r"pulumi-plugin\.json for pulumi-broken"):
        installed_packages.plugins_of(python)


@pytest.mark.parametrize(
    ("package", "plugin"),
    [
        ("1.0", "1.0.0"),
        ("1", "1.0.0"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3a4", "1.2.3-alpha.4"),
        ("1.2.3b4", "1.2.3-beta.4"),
        ("1.2.3rc4", "1.2.3-rc.4"),
        ("1.2.3.post4", "1.2.3+post4"),
        ("1.2.3.dev5", "1.2.3+dev5"),
        ("1.2.3.post4.dev5", "1.2.3+post4dev5"),
        ("1!2.0", None),
        ("1.2.", None),
        ("1.2+local", None),
        ("", None),
    ],
)
def test_a_plugin_s_version_follows_from_its_package_s(package: str, plugin: str | None) -> None:
    """The cases are those of the official host's `determinePluginVersion`."""
    assert installed_packages.plugin_version(package) == plugin


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
    names = {each.name for each in installed_packages.plugins_of(sys.executable)}
    assert "gitlab-runner" not in names
    assert {"aws", "gitlab"} <= names
