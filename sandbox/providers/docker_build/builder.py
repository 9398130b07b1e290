"""Builds with BuildKit, through the Docker CLI, and pushes through the engine's API."""

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import docker
from docker.errors import NotFound

from sandbox.standin.provider import Refused
from sandbox.standin.values import Properties

_LINES_OF_AN_ERROR = 15


class Builder:
    """A Docker Engine that builds and pushes: by default that of DOCKER_HOST or the usual socket."""

    def __init__(self, host: str | None) -> None:
        self._environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
        if host:
            self._environment["DOCKER_HOST"] = host

    def build(self, inputs: Properties) -> None:
        """Build an image under its tags, or refuse with the last lines of the output."""
        with _secret_files(inputs.get("secrets", {})) as secrets:
            done = subprocess.run(
                [
                    docker_command(), "build", "--progress", "plain",
                    "--file", inputs["dockerfile"]["location"],
                    *(f"--tag={tag}" for tag in inputs["tags"]),
                    *(f"--build-arg={name}={value}" for name, value in inputs.get("buildArgs", {}).items()),
                    *(f"--secret=id={name},src={file}" for name, file in secrets.items()),
                    *(f"--platform={platform}" for platform in inputs.get("platforms", ())),
                    *([f"--target={inputs['target']}"] if "target" in inputs else ()),
                    inputs["context"]["location"],
                ],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )  # fmt: skip
        if done.returncode != 0:
            last = done.stdout.strip().splitlines()[-_LINES_OF_AN_ERROR:]
            raise Refused("\n".join(["the image cannot be built:", *last]))

    def push(self, tag: str) -> str:
        """Push an image with the credentials of the Docker configuration; return its digest, or refuse."""
        digest = ""
        with self._api() as api:
            for line in api.push(tag, stream=True, decode=True):
                if "error" in line:
                    raise Refused(f"{tag} cannot be pushed: {line['error']}")
                digest = line.get("aux", {}).get("Digest", digest)
        return digest

    def holds(self, image: str) -> bool:
        """Whether an image is in its registry."""
        with self._api() as api:
            try:
                api.inspect_distribution(image)  # type: ignore[no-untyped-call]
            except NotFound:
                return False
        return True

    def forget(self, image: str) -> None:
        """Remove an image from the engine, if it exists."""
        with self._api() as api, contextlib.suppress(NotFound):
            api.remove_image(image, force=True)

    @contextlib.contextmanager
    def _api(self) -> Iterator[docker.APIClient]:
        client = docker.from_env(environment=self._environment)
        try:
            yield client.api
        finally:
            client.close()


@contextlib.contextmanager
def _secret_files(secrets: Mapping[str, str]) -> Iterator[dict[str, Path]]:
    """Temporary files with secrets, readable only by this user, by the ids of the secrets."""
    with tempfile.TemporaryDirectory() as directory:
        files = {name: Path(directory, name) for name in secrets}
        for name, file in files.items():
            file.write_text(secrets[name])
        yield files


_WITHOUT_PLUGIN = 23
"""The first major version that needs the buildx plugin: docs.docker.com/engine/release-notes/23.0."""


@cache
def docker_command() -> str:
    """The first `docker` on PATH that can build with BuildKit; `Refused` without one."""
    places = [Path(each, "docker") for each in os.get_exec_path()]
    found = [str(each) for each in places if os.access(each, os.X_OK)]
    for command in found:
        version = re.search(r"version (\d+)\.", _printed(command, "--version"))
        if (version and int(version[1]) < _WITHOUT_PLUGIN) or _printed(command, "buildx", "version"):
            return command
    raise Refused(
        "no Docker command line that builds with BuildKit: "
        + (f"{', '.join(found)} would need the plugin buildx" if found else "docker is not installed")
    )


def _printed(*command: str) -> str:
    """The output of a command; empty if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout if done.returncode == 0 else ""
