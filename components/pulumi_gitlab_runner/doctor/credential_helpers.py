"""Credential helpers, run with the PATH and environment of another process."""

import os
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.auth.resolution.helpers import HelperAnswer, RunHelper

PATIENCE = 15.0
"""Timeout of a helper, in seconds."""

LARGEST_OUTPUT = 1024 * 1024
"""The maximum size of a helper's output, in bytes."""


@dataclass(frozen=True)
class HelperProcess:
    """Runs helpers as another process would.

    Attributes:
        path: the directories of programs, separated by colons.
        environment: the environment of the helpers.
        patience: the timeout of a helper, in seconds.
    """

    path: str
    environment: Mapping[str, str] = field(repr=False)
    patience: float = PATIENCE

    def __call__(self, program: str, action: str, server: str) -> HelperAnswer:
        """Run a helper.

        Raises:
            OSError: it cannot be run; the message is the reason.
        """
        place = None if "/" in program or "\0" in program else shutil.which(program, path=self.path)
        if place is None:
            raise FileNotFoundError(program)
        with tempfile.TemporaryFile() as asked:
            asked.write(server.encode(errors="replace"))
            asked.seek(0)
            with subprocess.Popen(
                [place, action],
                env=dict(self.environment),
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as helper:
                return _answer(helper, self.patience)


def _answer(helper: subprocess.Popen[bytes], patience: float) -> HelperAnswer:
    """A helper's answer; a helper that writes too much or takes too long is killed.

    Raises:
        TimeoutError: the helper does not end within the timeout.
    """
    end = time.monotonic() + patience
    written = {helper.stdout: bytearray(), helper.stderr: bytearray()}
    try:
        with selectors.DefaultSelector() as reading:
            for stream in written:
                reading.register(stream, selectors.EVENT_READ)  # type: ignore[arg-type]
            while reading.get_map() and max(map(len, written.values())) <= LARGEST_OUTPUT:
                ready = reading.select(end - time.monotonic())
                if not ready:
                    raise TimeoutError(str(helper.args))
                for key, _ in ready:
                    part = os.read(key.fd, LARGEST_OUTPUT)
                    if not part:
                        reading.unregister(key.fileobj)
                    written[key.fileobj] += part  # type: ignore[index]
            if reading.get_map():
                helper.kill()
        status = helper.wait(max(0.1, end - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        helper.kill()
        raise TimeoutError(str(helper.args)) from None
    output, errors = (content.decode(errors="replace") for content in written.values())
    return HelperAnswer(status, output, errors)


def no_helper(program: str, action: str, server: str) -> HelperAnswer:  # noqa: ARG001 - a `RunHelper`
    """The helpers of a runner that has none: every program is missing."""
    raise FileNotFoundError(program)


def asked_once(run_helper: RunHelper) -> RunHelper:
    """The same helpers with a cache: each is called once for each registry."""
    answers: dict[tuple[str, str, str], HelperAnswer | OSError] = {}

    def run(program: str, action: str, server: str) -> HelperAnswer:
        question = (program, action, server)
        if question not in answers:
            try:
                answers[question] = run_helper(*question)
            except OSError as error:
                answers[question] = error
        answer = answers[question]
        if isinstance(answer, OSError):
            raise answer
        return answer

    return run
