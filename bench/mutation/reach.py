"""The tests that reach a change: recorded with coverage.py in a run of an area's tests without a mutant."""

import functools
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage
import pytest

from bench.mutation.mutants import Statement

_COPIED = "components/pulumi_gitlab_runner/hosted_auth/renewal/"
"""Sources that tests execute as copies, as in Lambda; the copies are not recorded."""
_OUTSIDE = ""
"""coverage.py's context for code executed outside of a test: at import, in a shared fixture."""


class Recorder:
    """A pytest plugin that records each test's lines and duration, and the tests that start processes.

    Args:
        of: the source folders, relative to the working directory of pytest.
        to: the file of the record.
    """

    def __init__(self, of: tuple[str, ...], to: Path) -> None:
        self._to = to
        self._coverage = coverage.Coverage(
            str(to.with_suffix(".coverage")),
            config_file=False,
            source=[str(Path(each).resolve()) for each in of],
        )
        self._coverage.erase()
        self._coverage.start()
        self._seconds: dict[str, float] = defaultdict(float)
        self._starting: set[str] = set()
        self._failing: set[str] = set()
        self._test = _OUTSIDE
        sys.addaudithook(self._heard)

    def _heard(self, event: str, _: object) -> None:
        if event in ("subprocess.Popen", "os.fork", "os.posix_spawn"):
            self._starting.add(self._test)

    def _switch(self, test: str) -> None:
        self._test = test
        self._coverage.switch_context(test)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Record executed lines for this test."""
        _empty_caches()
        self._switch(item.nodeid)
        try:
            return (yield)
        finally:
            self._switch(_OUTSIDE)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        """Record the lines of a shared fixture for no test."""
        test = self._test
        if fixturedef.scope != "function":
            self._switch(_OUTSIDE)
        try:
            return (yield)
        finally:
            self._switch(test)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the duration of a phase of a test, and record a failure."""
        self._seconds[report.nodeid] += report.duration
        if report.failed:
            self._failing.add(report.nodeid)

    def pytest_unconfigure(self) -> None:
        """Write the record."""
        self._coverage.stop()
        self._coverage.save()
        seconds = {test: took for test, took in self._seconds.items() if test not in self._failing}
        noted = {"seconds": seconds, "starting": sorted(self._starting), "failing": sorted(self._failing)}
        self._to.write_text(json.dumps(noted))


def _empty_caches() -> None:
    """Clear the library's caches, so that each test executes the cached functions."""
    for name, module in list(sys.modules.items()):
        if name.startswith("pulumi_gitlab_runner"):
            for value in vars(module).values():
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


@dataclass(frozen=True)
class Reach:
    """The record of an area's tests.

    Attributes:
        seconds: the duration of each passing test.
        starting: the tests that start a process, whose lines are not recorded.
        failing: the tests that fail while they are recorded, such as those with a timeout.
        executed: the executed lines.
        directory: the base directory of the files.
    """

    seconds: dict[str, float]
    starting: list[str]
    failing: list[str]
    executed: coverage.CoverageData
    directory: Path

    @classmethod
    def read(cls, record: Path, directory: Path) -> "Reach":
        """Return the record of a `Recorder`."""
        executed = coverage.CoverageData(str(record.with_suffix(".coverage")))
        executed.read()
        return cls(**json.loads(record.read_text()), executed=executed, directory=directory)

    def tests(self, path: str, statement: Statement) -> list[str]:
        """Return the tests that a change to a statement can make fail, the most likely first.

        These are the tests that execute it. If it is executed outside of a test, the others follow: first
        those that execute lines of the same file. If no test executes it, those that start a process.
        """
        by_line = self.executed.contexts_by_lineno(str(self.directory / path))
        executing = {test for line in statement.lines for test in by_line.get(line, ())}
        if statement.at_import or _OUTSIDE in executing or path.startswith(_COPIED):
            near = set() if statement.at_import else executing
            file = {test for tests in by_line.values() for test in tests}
            return [
                *self._ordered(near),
                *self._ordered(file - near),
                *self._ordered(set(self.seconds) - near - file),
            ]
        return self._ordered(executing or set(self.starting))

    def _ordered(self, tests: set[str]) -> list[str]:
        """Sort tests by the duration of their file, and by their own."""
        files: dict[str, list[str]] = defaultdict(list)
        for test in sorted(tests & set(self.seconds), key=self.seconds.__getitem__):
            files[test.partition("::")[0]].append(test)
        return [
            test
            for of_file in sorted(files.values(), key=lambda each: sum(map(self.seconds.__getitem__, each)))
            for test in of_file
        ]
