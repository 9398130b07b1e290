"""A runner host with a real Docker Engine, and real registries around it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sandbox.docker import ecr_login, unavailable
from sandbox.docker.sandbox import DockerSandbox
from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.go_toolchain import GoBuildError
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress
from tests.docker.runner_host import IMAGES, SHARED, TEAM, RunnerHost


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerSandbox]:
    """A Docker Engine and registries for all tests that need them."""
    with ExitStack() as stack:
        try:
            unavailable.check()
            helper = ecr_login.obtain(sandbox_directory() / "ecr-login", Progress())
            sandbox = DockerSandbox(tmp_path_factory.mktemp("docker"), helper, IMAGES)
            stack.enter_context(sandbox)
        except (DockerUnavailableError, GoBuildError) as reason:
            pytest.skip(f"no Docker Engine: {reason}")
        yield sandbox


@pytest.fixture(scope="session")
def installed(docker: DockerSandbox) -> RunnerHost:
    return RunnerHost.install(docker)


@pytest.fixture
def host(installed: RunnerHost) -> RunnerHost:
    """The host of the sandbox's runner as it is rendered, with no image on it.

    The answers of AWS's command line, which is slow to start, are kept from test to test.
    """
    installed.place_files()
    installed.forget_answers(TEAM, SHARED)
    installed.docker.engine.forget_images()
    return installed
