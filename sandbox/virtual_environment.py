"""The virtual environment with every Python package that the sandbox and the tests need.

Runs before there is one: standard library only.
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
"""The files that say which packages those are."""
UV = "uv==0.13.9"
"""What installs them."""
ROOM_MB = 1200
"""What it takes on the disk, with some room."""


def is_ready() -> bool:
    """Say whether it is there, complete, and made from the requirements as they are now."""
    stamp = _stamp()
    return stamp.is_file() and stamp.read_text() == fingerprint() and _python().exists()


def check_room() -> None:
    """Check that there is room for it, and that the checkout's own package can be installed.

    Raises:
        SandboxError: there is not, or it cannot.
    """
    require_room(sandbox_directory(), ROOM_MB, "the set-up")
    if not os.access(CHECKOUT / "components", os.W_OK):
        raise SandboxError(
            f"{CHECKOUT} cannot be written to, and its package `components` cannot be installed from there: "
            "copy the checkout to where it can be written, and run ./dev there"
        )


def make(progress: Progress) -> None:
    """Make it anew. Its stamp is written last, so that a half-made one is never taken for a whole one.

    Raises:
        SandboxError: it cannot be made, or a package cannot be installed.
    """
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
            # Not the interpreter that runs this when that is in the very folder which is cleared.
            base = getattr(sys, "_base_executable", None) or sys.executable
            _run(
                [base, "-m", "venv", "--clear", str(_directory())],
                step,
                "Install what Python's own venv module needs (Debian and Ubuntu: apt install python3-venv).",
            )
            _install_packages(step)
            _stamp().write_text(fingerprint())


def enter(*, began_before: bool) -> None:
    """Go on inside of it: replace this process when it runs on another interpreter.

    Args:
        began_before: whether this process began before it was whole, and may not find what is there now.
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
    """Return a digest of what it is made from: the requirements, and the checkout that it links to."""
    digest = hashlib.sha256(str(CHECKOUT).encode())
    for file in STATED_IN:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _install_packages(step: Step) -> None:
    """Install the requirements with uv, which takes a fifth of pip's time; with pip where uv cannot.

    uv does not read pip's settings: it fails where an index is named there alone.
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
    """Return what a line of pip's or uv's output says, in short."""
    if line.startswith("Installing collected packages"):
        return "installing (quiet for a minute or so)"
    return line.partition(" (")[0][:80]


def _run(command: list[str], step: Step, remedy: str) -> None:
    """Run a command that talks, and show its latest line; keep the last lines for when it fails."""
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
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
        for line in process.stdout:
            last_lines.append(line.rstrip())
            step.now(_activity(line.strip()))
    if process.returncode != 0:
        if any("No space left on device" in line for line in last_lines):
            remedy = f"The disk is full; {ANOTHER_PLACE}, or free about {ROOM_MB} MB."
        ended = "\n".join(f"  {line}" for line in last_lines)
        raise SandboxError(f"`{' '.join(command)}` failed. It ended with:\n{ended}\n{remedy}")
