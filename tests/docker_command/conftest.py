"""The real `docker` command, which needs no Docker Engine here."""

import shutil
from collections.abc import Iterator

import pytest

from tests.docker_command.pulling import DockerCommand

OLDEST = (28, 0)
"""The parsing of references and the resolution are those of this version and newer ones."""


@pytest.fixture(scope="session")
def docker_command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerCommand]:
    program = shutil.which("docker")
    if program is None:
        pytest.skip("no `docker` command")
    with DockerCommand(program, tmp_path_factory.mktemp("docker-command")) as command:
        if command.version < OLDEST:
            pytest.skip(f"this `docker` is older than {OLDEST[0]}")
        yield command
