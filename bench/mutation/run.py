"""The copy of the checkout in which mutants are tested."""

import hashlib
import importlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bench.mutation.areas import tests_for
from bench.mutation.mutants import Mutant
from bench.mutation.reach import Reach, Recorder
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT

WITHOUT_MUTANT_S = 900.0
"""The timeout of an area's tests without a mutant, in seconds."""

_AWS = (
    *("autoscaling", "cloudwatch", "ec2", "ecr", "iam", "imagebuilder", "kms", "lambda_", "s3"),
    *("scheduler", "secretsmanager", "ssm", "vpc"),
)
_LIBRARIES = (
    *("boto3", "hypothesis", "pulumi", "pulumi_docker", "pulumi_gitlab", "pydantic", "yaml"),
    *(f"pulumi_aws.{each}" for each in _AWS),
)
"""Modules without mutants that are slow to import: imported before each test forks this process."""


class Copy:
    """A copy of the checkout's files, including uncommitted ones. The checkout itself is never changed.

    Args:
        directory: the directory of the copy, `files`, and of the records of the tests.
    """

    def __init__(self, directory: Path) -> None:
        self._files = directory / "files"
        self._records = directory / "records"
        self._records.mkdir(parents=True, exist_ok=True)
        self._digest = _synchronise(self._files)
        self._reach: dict[str, Reach] = {}
        for library in _LIBRARIES:
            importlib.import_module(library)

    def kills(self, mutant: Mutant) -> bool:
        """Whether the tests of a mutant's area fail with it, or time out.

        Raises:
            SandboxError: they cannot be run without it.
        """
        reaches = [self._reach_of(area) for area in tests_for(mutant.path, CHECKOUT)]
        file = self._files / mutant.path
        source, status = file.read_bytes(), file.stat()
        statement = mutant.statement(source)
        seconds = {
            test: each.seconds[test] for each in reaches for test in each.tests(mutant.path, statement)
        }
        if not seconds:
            return False
        file.write_bytes(mutant.apply(source))
        try:
            longest = 30 + 5 * sum(seconds.values())
            return self._pytest(lambda: _try(list(seconds)), longest) is not None
        finally:
            file.write_bytes(source)
            # So its compiled bytecode is valid again.
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _reach_of(self, area: str) -> Reach:
        """The record of an area's tests, updated if a file has changed."""
        if area not in self._reach:
            record = self._records / f"{area.replace('/', '-')}.json"
            digest = record.with_suffix(".digest")
            if not digest.exists() or digest.read_text() != self._digest:
                digest.unlink(missing_ok=True)
                print(f"recording which lines the tests of {area} execute", file=sys.stderr, flush=True)
                if (said := self._pytest(lambda: _record(area, record), WITHOUT_MUTANT_S)) is not None:
                    raise SandboxError(f"the tests of {area} cannot be run:\n{said[-3000:]}")
                digest.write_text(self._digest)
            self._reach[area] = Reach.read(record, self._files)
            for test in self._reach[area].failing:
                print(f"left out, since it fails while it is recorded: {test}", file=sys.stderr, flush=True)
        return self._reach[area]

    def _pytest(self, run: Callable[[], int], longest: float) -> str | None:
        """Run tests in a fork of this process; return their output if they fail or time out, else None."""
        printed = self._records / "printed"
        process = multiprocessing.get_context("fork").Process(target=self._in_fork, args=(run, printed))
        process.start()
        try:
            process.join(longest)
            return None if process.exitcode == 0 else printed.read_text(errors="replace")
        finally:
            with suppress(ProcessLookupError):  # all have exited
                os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()

    def _in_fork(self, run: Callable[[], int], printed: Path) -> None:
        """Switch the forked process to the copy, and run pytest."""
        os.setsid()
        os.chdir(self._files)
        output = os.open(printed, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(output, stream)
        paths = [str(self._files), str(self._files / "components")]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        os.environ["CI"] = "true"  # Hypothesis' examples are the same each time
        sys.path[:] = [*paths, *(each for each in sys.path if each not in ("", str(CHECKOUT)))]
        for name in list(sys.modules):
            if name.partition(".")[0] in ("bench", "sandbox"):
                del sys.modules[name]
        sys.exit(run())


def _record(area: str, record: Path) -> int:
    exit_code = _main([area], Recorder(("components/pulumi_gitlab_runner", "sandbox", "policy"), record))
    return 0 if exit_code == pytest.ExitCode.TESTS_FAILED else exit_code


def _try(tests: list[str]) -> int:
    # The next run must not use a mutant's bytecode.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return _main(["-x", *dict.fromkeys(test.partition("::")[0] for test in tests)], _Only(tests))


def _main(arguments: list[str], plugin: object) -> int:
    options = ["-q", "-p", "no:cacheprovider", "-m", "not engine and not docker"]
    # Of the installed plugins only Hypothesis' is needed, and it is imported already.
    options += ["--disable-plugin-autoload", "-p", "_hypothesis_pytestplugin"]
    return pytest.main([*options, *arguments], plugins=[plugin])


class _Only:
    """A pytest plugin that runs only some tests, in the given order."""

    def __init__(self, tests: list[str]) -> None:
        self._place = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Deselect the other tests."""
        kept = [item for item in items if item.nodeid in self._place]
        items[:] = sorted(kept, key=lambda item: self._place[item.nodeid])


def _synchronise(directory: Path) -> str:
    """Synchronise a directory with the checkout, without bytecode; return a digest of its files."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.split(
        "\0"
    )
    names = {name for name in listed if name and (CHECKOUT / name).is_file()}
    for file in directory.rglob("*"):
        if (
            file.is_file()
            and "__pycache__" not in file.parts
            and str(file.relative_to(directory)) not in names
        ):
            file.unlink()
    digest = hashlib.sha256()
    for name in sorted(names):
        source, file = CHECKOUT / name, directory / name
        digest.update(b"%r %s" % (name.encode(), hashlib.sha256(source.read_bytes()).digest()))
        if not file.exists() or file.read_bytes() != source.read_bytes():
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, file)
    return digest.hexdigest()
