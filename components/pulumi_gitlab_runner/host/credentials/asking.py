"""Requests credentials from a helper or a secret store of AWS, with a timeout."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from .files import TEMPORARY
from .questions import BATCH, ECR_HELPER, NO_BATCHES, Answer, Failure, Question

PATIENCE_S = 20.0
"""Timeout of a request, in seconds. No pull waits for it."""
LARGEST_ANSWER = 4 << 20


def ask(question: Question, patience: float = PATIENCE_S) -> dict[str, Answer]:
    """Send a request, and wait for the answers.

    Args:
        question: the request.
        patience: the timeout, in seconds.
    """
    if question.kind == "file":
        (name,) = question.names
        try:
            with Path(name).open(encoding="utf-8") as file:
                return question.answers(file.read(LARGEST_ANSWER))
        except (OSError, ValueError):
            return {name: Failure("is missing or unreadable")}
    if question.kind not in ("helper", *BATCH):
        return dict.fromkeys(question.names, Failure("is a kind of source that this host does not know"))
    stdin = next(iter(question.names)) if question.kind == "helper" else ""
    with _log_directory() as log:
        environment = {
            **os.environ,
            "LC_ALL": "C.UTF-8",
            # The helper's cache would be on the disk, and return credentials that have been renewed.
            "AWS_ECR_DISABLE_CACHE": "true",
            "AWS_ECR_IGNORE_CREDS_STORAGE": "true",
            "AWS_ECR_CACHE_DIR": log,  # also the directory of its log, see `_ecr_log`
        }
        try:
            status, output, errors = _run(question.command(), stdin, environment, patience)
        except TimeoutError as error:
            return dict.fromkeys(question.names, Failure(str(error)))
        except OSError:
            return dict.fromkeys(question.names, Failure("cannot be run: is it installed?"))
        if status == 0:
            return question.answers(output)
        return dict.fromkeys(question.names, _failure(question, status, errors + _ecr_log(log)))


@contextlib.contextmanager
def _log_directory() -> Iterator[str]:
    """A directory for the log of ECR's helper, which also works if the directory cannot be created."""
    try:
        directory = tempfile.mkdtemp(prefix=TEMPORARY)
    except OSError:
        yield "/nonexistent"
        return
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run(
    command: list[str], stdin: str, environment: Mapping[str, str], patience: float
) -> tuple[int, str, str]:
    """Run a command, and return its exit status, its standard output and its standard error.

    Raises:
        OSError: the command cannot be run; TimeoutError: it was killed, for the reason in the message.
    """
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
    )
    assert process.stdin is not None  # noqa: S101 - all three are pipes
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    ends = time.monotonic() + patience
    read = {process.stdout: bytearray(), process.stderr: bytearray()}
    try:
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(stdin.encode())
        with selectors.DefaultSelector() as open_pipes:
            for each in read:
                open_pipes.register(each, selectors.EVENT_READ)
            while open_pipes.get_map():
                ready = open_pipes.select(max(0.0, ends - time.monotonic()))
                if not ready:
                    raise TimeoutError(f"gave no answer in {patience:g} seconds")
                for key, _ in ready:
                    some = os.read(key.fd, 1 << 16)
                    if not some:
                        open_pipes.unregister(key.fileobj)
                    read[key.fileobj].extend(some)  # type: ignore[index]
                    if len(read[key.fileobj]) > LARGEST_ANSWER:  # type: ignore[index]
                        raise TimeoutError("gave an answer without an end")
        try:
            process.wait(max(0.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"gave an answer, and did not end in {patience:g} seconds") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with its child processes, which may keep the pipes open
        process.wait()
        for each in read:
            each.close()
    output, errors = (bytes(each).decode(errors="replace") for each in read.values())
    return process.returncode, output, errors


def _failure(question: Question, status: int, errors: str) -> Failure:
    """Why a command failed. Only messages of AWS's programs are included: they never contain a secret."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    if question.program not in ("aws", ECR_HELPER) or not lines:
        return Failure(f"failed with exit status {status}")
    if question.kind == "secret" and "nvalid choice" in errors:
        return Failure(NO_BATCHES, alone=True)
    said = "".join(character if character.isprintable() else " " for character in lines[-1])[:400]
    # A service refuses a whole request because of one name in it.
    return Failure(f"failed: {said}", alone="An error occurred (" in errors)


def _ecr_log(directory: str) -> str:
    """The reason of a failure of ECR's helper, which it writes only into its log."""
    with contextlib.suppress(OSError):
        text = Path(directory, "log", "ecr-login.log").read_text(errors="replace")[-LARGEST_ANSWER:]
        found = re.findall(r'level=error msg=.* error="((?:[^"\\]|\\.)*)"', text)
        return "\n".join(found[-1:])
    return ""
