"""A runner host with a real Docker Engine, and real registries around it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sandbox.docker.prepare import prepare
from sandbox.docker.sandbox import DockerSandbox
from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.go_toolchain import GoBuildError
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress
from tests.docker.bearer_registry import start_bearer_registries
from tests.docker.doctor import DROP_IN, Doctor, drop_in
from tests.docker.images import forget_images
from tests.docker.runner_host import IMAGES, RunnerHost


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerSandbox]:
    """A Docker Engine and registries for all tests that need them."""
    with ExitStack() as stack:
        try:
            helper = prepare(sandbox_directory(), Progress())
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
    """The rendered host of the sandbox's runner, with its credentials and without images."""
    installed.place_files()
    installed.fetch_credentials()
    forget_images(installed.docker.engine)
    return installed


@pytest.fixture(scope="session")
def _bearer_registries(installed: RunnerHost) -> None:
    start_bearer_registries(installed.docker.machine)


@pytest.fixture
def doctor(installed: RunnerHost, _bearer_registries: None) -> Iterator[Doctor]:
    """The doctor on the rendered host, which has an AWS identity."""
    installed.place_files()
    installed.fetch_credentials()
    installed.docker.machine.write(DROP_IN, drop_in(installed.docker.environment))
    yield Doctor(installed)
    installed.docker.machine.path(DROP_IN).unlink()
