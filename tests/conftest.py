"""Shared by the tests of all folders: their order, the profile of Hypothesis, the engine and a sandbox.

`--shuffle=SEED` runs the tests in a random order, and the same seed repeats the order; `./dev test` without
arguments chooses a seed and prints it. No test may depend on another test. Tests of the engine, of Docker
and of a boot keep their order: they share what takes long to start.
"""

import gc
import os
import random
from collections.abc import Generator, Iterator
from itertools import groupby

import pytest
from hypothesis import settings

from sandbox.commands import ENGINE_UNAVAILABLE
from sandbox.engine.lookup import locate
from sandbox.engine.release import Engine, EngineUnavailableError
from sandbox.environment import Sandbox
from sandbox.paths import engine_directory
from tests.engine.fork_server import forked_python

settings.register_profile("tests", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", type=int, metavar="SEED", help="in a random order, the same for a seed")


def pytest_report_header(config: pytest.Config) -> str | None:
    seed = config.getoption("--shuffle")
    return None if seed is None else f"order: shuffled; again: --shuffle={seed}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle the files of each folder, and the tests of each file.

    Tests that keep their order take longest and start first, so that all processes end at the same time.
    """
    seed = config.getoption("--shuffle")
    if seed is None:
        return
    chance = random.Random(seed)  # noqa: S311 (it is not a secret)
    kept: list[pytest.Item] = []
    shuffled: list[pytest.Item] = []
    for _, of_folder in groupby(items, key=lambda item: item.path.parent):
        files = [list(of_file) for _, of_file in groupby(of_folder, key=lambda item: item.path)]
        if any(_keeps_its_order(item) for of_file in files for item in of_file):
            kept += [item for of_file in files for item in of_file]
            continue
        chance.shuffle(files)
        for of_file in files:
            chance.shuffle(of_file)
        shuffled += [item for of_file in files for item in of_file]
    items[:] = kept + shuffled


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude the objects of the modules, which stay, from garbage collection.

    Objects of later imports stay as well: full collections are rare.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 50, 100)
        gc.enable()


def _keeps_its_order(item: pytest.Item) -> bool:
    marked = item.get_closest_marker("engine") or item.get_closest_marker("docker")
    return bool(marked) or item.path.parent.name == "boot"


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The Pulumi engine of this machine; without one, a test that needs it is skipped with the reason.

    The programs and plugins that it starts are forks of one process, if the system supports it.
    """
    try:
        found = locate(engine_directory())
    except EngineUnavailableError as unavailable:
        reasons = os.environ.get(ENGINE_UNAVAILABLE) or f"{unavailable.reasons}; `./dev test` gets one"
        pytest.skip(f"no Pulumi engine: {reasons}")
    if not hasattr(os, "pidfd_open"):
        yield found
        return
    with pytest.MonkeyPatch.context() as patch, forked_python(tmp_path_factory.mktemp("python")) as python:
        patch.setenv("SANDBOX_PYTHON", str(python))
        yield found


@pytest.fixture(scope="module")
def sandbox(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running, empty sandbox for the tests of one module."""
    fresh = Sandbox(tmp_path_factory.mktemp("sandbox"), engine)
    try:
        fresh.start()
        yield fresh
    finally:
        fresh.stop()
