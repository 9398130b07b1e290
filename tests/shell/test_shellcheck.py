"""Every shell script of the repository is POSIX sh without findings of shellcheck."""

import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
NOT_OURS = {".git", ".sandbox", "venv", "build", "node_modules"}
SCRIPTS = sorted(
    [
        CHECKOUT / "dev",
        *(path for path in CHECKOUT.rglob("*.sh") if not NOT_OURS & set(path.relative_to(CHECKOUT).parts)),
    ]
)


def test_the_scripts_are_found() -> None:
    names = {path.name for path in SCRIPTS}
    assert {"dev", "gitlab-runner-apply.sh", "gitlab-runner-boot.sh", "gitlab-runner-credentials.sh"} <= names


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_script_is_for_any_posix_shell(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(["shellcheck", *SCRIPTS], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
