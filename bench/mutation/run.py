"""A copy of the checkout in which mutants are tried."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.mutation.areas import tests_for
from bench.mutation.mutants import Mutant
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT

WITHOUT_MUTANT_S = 900.0
"""How long the tests of an area may take as they are."""


class Copy:
    """A copy of the checkout's files, those not committed among them. The checkout itself is never changed.

    Args:
        directory: where; it is emptied first.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._longest: dict[str, float] = {}
        shutil.rmtree(directory, ignore_errors=True)
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        files = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
        for name in files.split("\0"):
            if name and (CHECKOUT / name).is_file():
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(CHECKOUT / name, directory / name)

    def kills(self, mutant: Mutant) -> bool:
        """Whether the tests of a mutant's area fail with it, or hang.

        Raises:
            SandboxError: they fail without it.
        """
        area = tests_for(mutant.path, CHECKOUT)
        if area not in self._longest:
            started = time.monotonic()
            if (said := self._failure(area, WITHOUT_MUTANT_S)) is not None:
                raise SandboxError(f"{area} fails without a mutant:\n{said[-3000:]}")
            self._longest[area] = 20 + 3 * (time.monotonic() - started)
        file = self._directory / mutant.path
        source, status = file.read_bytes(), file.stat()
        file.write_bytes(mutant.apply(source))
        try:
            return self._failure(area, self._longest[area]) is not None
        finally:
            file.write_bytes(source)
            # What is compiled of it is valid again.
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _failure(self, area: str, longest: float) -> str | None:
        """Run the tests of an area; return what they print when they fail, or hang."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        paths = os.pathsep.join(str(self._directory / each) for each in ("", "components"))
        environment = dict(os.environ) | {"PYTHONPATH": paths}
        if area in self._longest:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"  # a mutant is not to be found by the next run
        with subprocess.Popen(
            [*command, "-m", "not engine and not docker", area],
            cwd=self._directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                said = process.communicate(timeout=longest)[0]
            except BaseException as ended:
                os.killpg(process.pid, signal.SIGKILL)
                if isinstance(ended, subprocess.TimeoutExpired):
                    return "it hangs"
                raise
        return said if process.returncode else None
