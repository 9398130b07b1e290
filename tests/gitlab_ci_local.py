"""gitlab-ci-local, an independent reader of pipelines, as a reference for ours.

https://github.com/firecow/gitlab-ci-local: `--preview` shows a pipeline merged, with no include, `extends` or
`default:`; `--list-csv` shows the jobs that a pipeline has by its rules.
"""

import shutil
import subprocess

import pytest

from sandbox.paths import CHECKOUT

VERSION = "4.70.1"  # later versions need Node.js 22
INSTALLED = CHECKOUT / ".sandbox" / f"gitlab-ci-local-{VERSION}"
PROGRAM = INSTALLED / "node_modules" / ".bin" / "gitlab-ci-local"


@pytest.fixture(scope="session")
def gitlab_ci_local() -> str:
    if not PROGRAM.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed, and gitlab-ci-local comes from its registry")
        INSTALLED.mkdir(parents=True, exist_ok=True)
        package = f"gitlab-ci-local@{VERSION}"
        install = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            str(INSTALLED),
            package,
        ]
        done = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot install {package}: {done.stderr[-300:]}")
    asked = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=60, check=False)
    if asked.returncode:
        pytest.skip(f"gitlab-ci-local {VERSION} does not run with this Node.js")
    return str(PROGRAM)
