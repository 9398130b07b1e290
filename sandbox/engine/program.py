"""A Python program, plugin or policy pack: the interpreter that runs it, and how its packages are installed.

As in Pulumi's language host: pulumi/pulumi, sdk/python/cmd/pulumi-language-python/main.go
(`parseOptions`, `InstallDependencies`) and sdk/python/toolchain/pip.go.
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError

PLUGIN_ENVIRONMENT = "venv"
"""The default virtual environment of a plugin, in its folder."""


class Program:
    """A program, plugin or policy pack.

    Args:
        root: the folder of its `Pulumi.yaml` or `PulumiPlugin.yaml`.
        directory: the folder of its source.
        options: its `runtime.options`.
        is_plugin: whether it is a plugin.
    """

    def __init__(self, root: Path, directory: Path, options: Mapping[str, Any], *, is_plugin: bool) -> None:
        self.directory = directory
        self.is_plugin = is_plugin
        chosen = options.get("virtualenv")
        self.environment = root / chosen if isinstance(chosen, str) and chosen else None
        """Its virtual environment; None if it runs on the interpreter that `./dev` has set up."""
        if is_plugin and self.environment is None and _interpreter(root / PLUGIN_ENVIRONMENT).is_file():
            self.environment = root / PLUGIN_ENVIRONMENT

    @property
    def python(self) -> str:
        """The interpreter that runs it."""
        return str(_interpreter(self.environment)) if self.environment else sys.executable

    @property
    def command(self) -> str:
        """The command that runs it on `python`: `SANDBOX_PYTHON`, if it has no virtual environment."""
        return self.python if self.environment else os.environ.get("SANDBOX_PYTHON", self.python)

    @property
    def lacks_environment(self) -> bool:
        """Whether its virtual environment does not exist yet."""
        return self.environment is not None and not _interpreter(self.environment).is_file()

    @cached_property
    def package(self) -> str | None:
        """The name of the Python package in its folder; None if it cannot be built."""
        try:
            stated = tomllib.loads((self.directory / "pyproject.toml").read_text())
        except FileNotFoundError:
            return None
        name: str | None = stated.get("project", {}).get("name")
        return name if stated.get("build-system", {}).get("build-backend") else None

    def installation(self) -> Iterator[bytes]:
        """Install its packages, and yield the output of pip.

        Raises:
            SandboxError: a command fails.
        """
        if self.environment is None:
            yield f"Using {self.python}; `./dev` keeps its packages up to date.\n".encode()
            return
        if self.lacks_environment:
            yield b"Creating virtual environment...\n"
            yield from self._run(sys.executable, "-m", "venv", str(self.environment))
        yield b"Installing dependencies...\n"
        pip = self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"
        if self.is_plugin and self.package:
            yield from self._run(*pip, str(self.directory))
        if (self.directory / "requirements.txt").is_file():
            yield from self._run(*pip, "-r", "requirements.txt")
        yield b"Finished installing dependencies\n"

    def _run(self, *command: str) -> Iterator[bytes]:
        """Run a command in its folder, without `PYTHONPATH`: packages there do not count as installed."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with subprocess.Popen(
            command,
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as child:
            assert child.stdout is not None  # noqa: S101 (created with a pipe)
            yield from child.stdout
        if child.returncode != 0:
            raise SandboxError(f"`{' '.join(command)}` in {self.directory} ended with {child.returncode}")


def _interpreter(environment: Path) -> Path:
    return environment / "bin" / "python"
