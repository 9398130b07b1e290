"""The virtual environment with all Python packages of the sandbox and the tests.

Runs before it exists, so it imports only the standard library.
"""

import hashlib
import os
import subprocess
import sys
from collections import deque
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.lock import exclusive
from sandbox.paths import ANOTHER_PLACE, CHECKOUT, require_room, sandbox_directory
from sandbox.progress import Progress, Step

REQUIREMENTS = CHECKOUT / "requirements-dev.txt"
STATED_IN = (REQUIREMENTS, CHECKOUT / "requirements.txt", CHECKOUT / "components" / "pyproject.toml")
"""The files that list these packages."""
UV = "uv==0.13.9"
"""The installer."""
ROOM_MB = 1200
"""The required disk space, in megabytes."""


def is_ready() -> bool:
    """Return whether it is complete, and created from the current requirements."""
    stamp = _stamp()
    return stamp.is_file() and stamp.read_text() == fingerprint() and _python().exists()


def check_room() -> None:
    """Raise `SandboxError` without the disk space, or if the checkout's package cannot be installed."""
    require_room(sandbox_directory(), ROOM_MB, "the set-up")
    if not os.access(CHECKOUT / "components", os.W_OK):
        raise SandboxError(
            f"{CHECKOUT} cannot be written to, and its package `components` cannot be installed from there: "
            "copy the checkout to where it can be written, and run ./dev there"
        )


def make(progress: Progress) -> None:
    """Create it, or raise `SandboxError`. The stamp is written last: an incomplete one is not used."""
    with progress.step("Python packages", "making a virtual environment") as step:
        lock = sandbox_directory() / "venv.lock"
        with exclusive(lock, lambda: step.tell("waiting for another ./dev that is installing them")):
            if is_ready():
                return
            if _directory().is_symlink():
                # `venv --clear` follows the link, and would empty another checkout's environment.
                step.tell(
                    f"{_directory()} was a link to {_directory().readlink()}, which stays as it is; "
                    "this checkout gets an environment of its own"
                )
                _directory().unlink()
            _stamp().unlink(missing_ok=True)
            # The base interpreter: this process may run on the environment that is cleared.
            base = getattr(sys, "_base_executable", None) or sys.executable
            _run(
                [base, "-m", "venv", "--clear", str(_directory())],
                step,
                "Install what Python's own venv module needs (Debian and Ubuntu: apt install python3-venv).",
            )
            _install_packages(step)
            _stamp().write_text(fingerprint())


def enter(*, began_before: bool) -> None:
    """Continue in it: replace this process if it runs on another interpreter.

    Args:
        began_before: whether this process started before it was complete, and may not find its packages.
    """
    if began_before or Path(sys.prefix).resolve() != _directory().resolve():
        sys.stderr.flush()
        os.execv(_python(), [str(_python()), "-P", "-m", "sandbox", *sys.argv[1:]])  # noqa: S606


def _directory() -> Path:
    return sandbox_directory() / "venv"


def _python() -> Path:
    return _directory() / "bin" / "python"


def _stamp() -> Path:
    return _directory() / "complete"


def fingerprint() -> str:
    """Return a digest of its inputs: the requirements, and the path of the checkout."""
    digest = hashlib.sha256(str(CHECKOUT).encode())
    for file in STATED_IN:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _install_packages(step: Step) -> None:
    """Install the requirements with uv, which takes a fifth of pip's time; with pip if uv fails.

    uv does not read pip's configuration: it fails if the index is configured only there.
    """
    pip = [str(_python()), "-m", "pip", "install", "--disable-pip-version-check", "--no-input",
           "--no-compile", "--progress-bar", "off"]  # fmt: skip
    remedy = (
        "Check that this machine reaches the Python package index (pip's own settings, such as "
        "PIP_INDEX_URL and PIP_CERT, are honoured), then run the command again."
    )
    _run([*pip, UV], step, remedy)
    try:
        step.now("downloading and installing")
        uv = [str(_python()), "-m", "uv", "pip", "install", "--python", str(_python())]
        _run([*uv, "-r", str(REQUIREMENTS)], step, remedy)
    except SandboxError:
        _run([*pip, "-r", str(REQUIREMENTS)], step, remedy)


def _activity(line: str) -> str:
    """Return the activity in a line of pip's or uv's output."""
    if line.startswith("Installing collected packages"):
        return "installing (quiet for a minute or so)"
    return line.partition(" (")[0][:80]


def _run(command: list[str], step: Step, remedy: str) -> None:
    """Run a command, and display the latest line of its output; an error contains the last lines."""
    last_lines: deque[str] = deque(maxlen=10)
    with subprocess.Popen(
        command,
        cwd=CHECKOUT,  # the requirements name ./components
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101 (created with a pipe)
        for line in process.stdout:
            last_lines.append(line.rstrip())
            step.now(_activity(line.strip()))
    if process.returncode != 0:
        if any("No space left on device" in line for line in last_lines):
            remedy = f"The disk is full; {ANOTHER_PLACE}, or free about {ROOM_MB} MB."
        ended = "\n".join(f"  {line}" for line in last_lines)
        raise SandboxError(f"`{' '.join(command)}` failed. It ended with:\n{ended}\n{remedy}")
