"""One sandbox and one deployed stack for all tests here; a test that changes the stack restores it."""

from collections.abc import Iterator

import pytest

from sandbox.engine.release import Engine
from sandbox.environment import Sandbox
from tests.engine.canaries import GITLAB_TOKENS, PASSWORD, TOKEN
from tests.engine.project import Project

PASSWORD_PATH = "gitlab-runner:stack.registries.legacy.static.password"


@pytest.fixture(scope="package")
def sandbox(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox whose GitLab accepts the tokens of `canaries`, and gives all runners the same one."""
    fresh = Sandbox(tmp_path_factory.mktemp("sandbox"), engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_RUNNER_TOKEN", TOKEN)
        patch.setenv("SANDBOX_GITLAB_TOKENS", " ".join(GITLAB_TOKENS.values()))
        try:
            fresh.start()
            yield fresh
        finally:
            fresh.stop()


@pytest.fixture(scope="package")
def project(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The checkout's project, deployed with the declaration of the stack `sandbox`."""
    project = Project(tmp_path_factory.mktemp("project") / "it", sandbox)
    project.pulumi("config", "set", "--secret", "--path", PASSWORD_PATH, PASSWORD)
    project.up("--diff")
    return project
