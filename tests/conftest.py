"""What the tests of every folder share: the engine, and a sandbox to run stacks in."""

import os
from collections.abc import Iterator

import pytest

from sandbox.commands import ENGINE_UNAVAILABLE
from sandbox.engine.lookup import locate
from sandbox.engine.release import Engine, EngineUnavailableError
from sandbox.environment import Sandbox
from sandbox.paths import engine_directory


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The Pulumi engine that is there; a test that needs one where there is none is skipped, and says why."""
    try:
        return locate(engine_directory())
    except EngineUnavailableError as unavailable:
        reasons = os.environ.get(ENGINE_UNAVAILABLE) or f"{unavailable.reasons}; `./dev test` gets one"
        pytest.skip(f"no Pulumi engine: {reasons}")


@pytest.fixture(scope="module")
def sandbox(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox, with nothing in it, for the tests of one module."""
    fresh = Sandbox(tmp_path_factory.mktemp("sandbox"), engine)
    try:
        fresh.start()
        yield fresh
    finally:
        fresh.stop()
