"""The doctor starts quickly: it loads no more than a command needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMPONENTS = Path(__file__).parents[2] / "components"


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], {"pydantic", "httpx", "rich", "yaml"}),
        (["image", "nginx", "--hosted", "--offline"], {"pulumi", "httpx", "pulumi_gitlab_runner.config"}),
    ],
)
def test_the_modules_that_a_command_loads(arguments: list[str], unwanted: set[str]) -> None:
    program = (
        "import sys; from pulumi_gitlab_runner.doctor.command_line import main; "
        f"main({arguments!r}); print(*sys.modules, file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(COMPONENTS)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert "pulumi_gitlab_runner.doctor.command_line" in loaded
    assert loaded & unwanted == set()
