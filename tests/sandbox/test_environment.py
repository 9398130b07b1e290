"""The environment that a sandbox gives to the engine, and the variables that it keeps from it."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pulumi_gitlab_runner import __version__
from pulumi_gitlab_runner.images.pinned import OFFLINE

from sandbox.engine.release import Engine
from sandbox.environment import DOCKER, Sandbox
from sandbox.paths import CHECKOUT
from sandbox.services.process import Service

SERVICES = (
    Service("aws", "answering", "/", {"KEY": "right"}),
    Service("gitlab", "answering", "/", {"KEY": "right"}),
)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox with the smallest services that answer."""
    monkeypatch.setattr("sandbox.environment.CHECKOUT", Path(__file__).parent / "fixtures" / "service")
    sandbox = Sandbox(tmp_path / "state", Engine(tmp_path / "engine" / "pulumi", "built"), SERVICES)
    yield sandbox
    sandbox.stop()


def test_accounts_of_the_user_are_not_passed_on(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "PULUMI_ACCESS_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN"):
        monkeypatch.setenv(name, "the user's")
    environment = sandbox.env()
    assert "the user's" not in environment.values()
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_every_address_and_directory_is_in_the_sandbox(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example.com")
    environment = sandbox.env()
    assert environment["AWS_ENDPOINT_URL"] == sandbox.services["aws"].url
    assert environment["GITLAB_BASE_URL"] == f"{sandbox.services['gitlab'].url}/api/v4/"
    assert environment["NO_PROXY"] == "127.0.0.1,intranet.example.com"
    for name in ("PULUMI_HOME", "SANDBOX_DIR"):
        assert Path(environment[name]).is_relative_to(sandbox.directory)
    assert environment["PULUMI_BACKEND_URL"] == f"file://{sandbox.directory}/state"


def test_registries_outside_the_sandbox_are_not_called(sandbox: Sandbox) -> None:
    """Except in a sandbox with a Docker Engine, which has its own way to registries."""
    assert sandbox.env()[OFFLINE] == "true"
    assert OFFLINE not in Sandbox(sandbox.directory, sandbox.engine, (*SERVICES, DOCKER)).env()


def test_the_engine_finds_a_launcher_for_each_installed_provider(sandbox: Sandbox) -> None:
    home = Path(sandbox.env()["PULUMI_HOME"])
    for name in ("aws-v7.51.1", "gitlab-v10.4.0"):
        launcher = home / "plugins" / f"resource-{name}" / f"pulumi-resource-{name.partition('-')[0]}"
        assert os.access(launcher, os.X_OK)
        assert launcher.read_text() == (CHECKOUT / "sandbox" / "plugin.sh").read_text()


def test_the_plugin_of_the_library_runs_without_a_path_search(sandbox: Sandbox) -> None:
    """`Pulumi.yaml` names no plugin: official tools find the console script on the PATH."""
    environment = sandbox.env()
    name = f"resource-gitlab-runner-v{__version__}"
    launcher = Path(environment["PULUMI_HOME"], "plugins", name, "pulumi-resource-gitlab-runner")
    started = subprocess.run(
        [launcher, "--help"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert started.returncode == 0, started.stderr
    assert "Pulumi engine address" in started.stdout


def test_memory_is_lost_with_a_service_until_it_is_restored(sandbox: Sandbox) -> None:
    create_state(sandbox, "one")
    create_state(sandbox, "other")
    assert sandbox.start() is True
    assert sandbox.memory_lost("one")
    sandbox.memory_restored("one")
    assert sandbox.start() is False
    assert not sandbox.memory_lost("one")
    assert sandbox.memory_lost("other")
    sandbox.services["gitlab"].stop()
    assert sandbox.start() is True
    assert sandbox.memory_lost("one")


def test_simultaneous_starts_start_each_service_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [Sandbox(sandbox.directory, services=SERVICES) for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        started = list(pool.map(Sandbox.start, [sandbox, *others]))
    assert sorted(started) == [False, False, False, True]
    assert sandbox.runs()


def test_an_incomplete_state_is_not_a_stack(sandbox: Sandbox) -> None:
    create_state(sandbox, "one")
    (state,) = sandbox.directory.rglob("one.json")
    state.rename(state.with_name("one.json.attrs"))
    assert not sandbox.has_stack("one")


def test_a_new_stack_has_lost_no_memory(sandbox: Sandbox) -> None:
    sandbox.start()
    create_state(sandbox, "one")
    assert not sandbox.memory_lost("one")


def create_state(sandbox: Sandbox, stack: str) -> None:
    """Create the state of a stack."""
    stacks = sandbox.directory / "state" / ".pulumi" / "stacks" / "project"
    stacks.mkdir(parents=True, exist_ok=True)
    (stacks / f"{stack}.json").touch()


def test_a_stack_exists_if_it_has_a_state(sandbox: Sandbox) -> None:
    create_state(sandbox, "one")
    assert sandbox.has_stack("one")
    assert not sandbox.has_stack("on")
