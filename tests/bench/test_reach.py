"""Which tests reach a change, recorded in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.mutation.mutants import Statement
from bench.mutation.reach import Reach
from sandbox.paths import CHECKOUT

SOURCE = """\
LIMIT = 3
def double(number):
    return number * 2
def none_calls():
    return 1
def of_a_fixture():
    return 2
"""
TESTS = """\
import subprocess, sys
import pytest
from source import example
@pytest.fixture(scope="module")
def shared():
    return example.of_a_fixture()
def test_double():
    assert example.double(2) == 4
def test_too_slow_while_recorded():
    assert example.double(2) == 5
def test_shared(shared):
    assert shared == 2
def test_process():
    assert subprocess.run([sys.executable, "-c", ""]).returncode == 0
"""
RECORD = """\
import sys
from pathlib import Path
import pytest
from bench.mutation.reach import Recorder
recorder = Recorder(("source",), Path("record.json"))
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "test_example.py"], plugins=[recorder]))
"""


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Reach:
    directory = tmp_path_factory.mktemp("recorded").resolve()
    (directory / "source").mkdir()
    (directory / "source" / "__init__.py").touch()
    (directory / "source" / "example.py").write_text(SOURCE)
    (directory / "test_example.py").write_text(TESTS)
    (directory / "pytest.ini").write_text("[pytest]\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(directory), str(CHECKOUT)])}
    environment.pop("PYTEST_ADDOPTS", None)
    ended = subprocess.run(
        [sys.executable, "-P", "-c", RECORD],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout + ended.stderr
    return Reach.read(Path(directory, "record.json"), directory)


def reached(reach: Reach, *lines: int, at_import: bool = False) -> list[str]:
    tests = reach.tests("source/example.py", Statement(frozenset(lines), at_import))
    return [test.partition("::")[2] for test in tests]


def test_a_line_is_reached_by_passing_tests_that_execute_it(reach: Reach) -> None:
    assert reached(reach, 3) == ["test_double"]
    assert reach.failing == ["test_example.py::test_too_slow_while_recorded"]


def test_a_line_of_a_shared_fixture_is_reached_by_all_its_tests(reach: Reach) -> None:
    assert set(reached(reach, 7)) == {"test_double", "test_shared", "test_process"}


def test_at_import_tests_that_execute_the_file_come_first(reach: Reach) -> None:
    assert reached(reach, 1, at_import=True)[0] == "test_double"
    assert set(reached(reach, 1, at_import=True)) == {"test_double", "test_shared", "test_process"}


def test_a_line_that_no_test_executes_may_be_executed_by_a_process(reach: Reach) -> None:
    assert reached(reach, 5) == ["test_process"]
