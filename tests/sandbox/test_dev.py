"""The command `./dev`: its command line, its set-up, its summary."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sandbox import summary, virtual_environment
from sandbox.command_line import parse
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT
from sandbox.progress import Progress

PYTHON = """\
#!/bin/sh
# Plays both the Python that makes a virtual environment and the one inside of it.
if [ "$2" = venv ]; then
    mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && exit 0
fi
for file in "$@"; do :; done
if grep -q missing "$file"; then
    echo "ERROR: No matching distribution found for missing" >&2
    exit 1
fi
"""


def test_the_stack_is_the_sandbox_unless_named() -> None:
    assert parse(["up"]).stack == "sandbox"
    assert parse(["preview", "dev"]).stack == "dev"


@pytest.mark.parametrize(
    ("words", "passed_on"),
    [
        (["test"], []),
        (["test", "-k", "name", "tests/images"], ["-k", "name", "tests/images"]),
        (["pulumi", "sandbox", "stack", "--help"], ["stack", "--help"]),
        (["pulumi", "dev", "--version"], ["--version"]),
    ],
)
def test_options_are_passed_on(words: list[str], passed_on: list[str]) -> None:
    assert parse(words).passed_on == passed_on


@pytest.mark.parametrize(
    "words", [[], ["unknown"], ["pulumi"], ["render", "sandbox", "build"], ["up", "a", "b"]]
)
def test_a_wrong_command_line_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert "usage: ./dev" in capsys.readouterr().err


def test_help_needs_no_set_up(tmp_path: Path) -> None:
    environment = dict(os.environ) | {"SANDBOX_DIR": str(tmp_path / "state"), "PYTHON": sys.executable}
    shown = subprocess.run(
        [CHECKOUT / "dev", "--help"], env=environment, capture_output=True, text=True, check=True
    )
    for command in ("up", "preview", "down", "stop", "pulumi", "test", "lint", "render", "faults", "bench"):
        assert f"\n    {command} " in shown.stdout
    assert not (tmp_path / "state").exists()


def test_a_machine_without_python_is_told_what_to_install(tmp_path: Path) -> None:
    for tool in ("sh", "dirname"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")  # as an older Python answers
    (tmp_path / "python3").chmod(0o755)
    environment = {"PATH": str(tmp_path), "SANDBOX_DIR": str(tmp_path / "state")}
    shown = subprocess.run(
        [CHECKOUT / "dev", "up"], env=environment, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 1
    assert "Python 3.11 or newer is needed" in shown.stderr
    assert "apt install python3" in shown.stderr


class TestVirtualEnvironment:
    @pytest.fixture(autouse=True)
    def requirements(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        python = tmp_path / "python"
        python.write_text(PYTHON)
        python.chmod(0o755)
        requirements = tmp_path / "requirements.txt"
        requirements.write_text("there==1\n")
        monkeypatch.setattr(sys, "_base_executable", str(python))
        monkeypatch.setenv("SANDBOX_DIR", str(tmp_path / "state"))
        monkeypatch.setattr(virtual_environment, "REQUIREMENTS", requirements)
        monkeypatch.setattr(virtual_environment, "STATED_IN", (requirements,))
        return requirements

    def test_it_is_made_once(self) -> None:
        assert not virtual_environment.is_ready()
        virtual_environment.make(Progress(io.StringIO()))
        assert virtual_environment.is_ready()

    def test_other_requirements_make_it_anew(self, requirements: Path) -> None:
        virtual_environment.make(Progress(io.StringIO()))
        requirements.write_text("there==2\n")
        assert not virtual_environment.is_ready()
        virtual_environment.make(Progress(io.StringIO()))
        assert virtual_environment.is_ready()

    def test_a_half_made_one_is_not_taken_for_a_whole_one(self, requirements: Path) -> None:
        virtual_environment.make(Progress(io.StringIO()))
        requirements.write_text("missing==1\n")
        shown = io.StringIO()
        with pytest.raises(SandboxError) as raised:
            virtual_environment.make(Progress(shown))
        assert "No matching distribution found for missing" in str(raised.value)
        assert "Python package index" in str(raised.value)
        assert "Python packages: failed after 0 s" in shown.getvalue()
        requirements.write_text("there==1\n")
        assert not virtual_environment.is_ready()


class TestSummary:
    OUTPUTS = {  # noqa: RUF012
        "registries": {
            "team": {
                "host": "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                "repositories": {"ci/base": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base"},
            },
            "legacy": {"host": "registry.example.com:5000", "repositories": {}},
        },
        "builds": {"base": "registry.example.com:5000/base:content-1@sha256:2"},
        "mirrors": {
            "public": {"postgres": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/postgres:17@sha256:0"}
        },
        "runners": {
            "build": {"id": 7.0, "tags": ["docker", "large"], "scope": "group 42", "host": "build-asg"}
        },
        "variables": [
            {"scope": "project 7", "key": "DOCKER_AUTH_CONFIG", "masked": True, "protected": True},
            {"scope": "group 42", "key": "ECR_REGISTRY", "masked": False, "protected": False},
        ],
    }

    def shown(self, outputs: dict[str, object]) -> list[list[str]]:
        stream = io.StringIO()
        summary.show(outputs, Console(file=stream))
        return [line.split() for line in stream.getvalue().splitlines() if line]

    def test_it_names_what_there_is(self) -> None:
        assert self.shown(self.OUTPUTS) == [
            ["Registry", "Repository", "Address"],
            ["team", "ci/base", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base"],
            ["legacy", "registry.example.com:5000"],
            ["Build", "Image"],
            ["base", "registry.example.com:5000/base:content-1@sha256:2"],
            ["Mirrored", "image", "As"],
            ["postgres", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/postgres:17@sha256:0"],
            ["Runner", "In", "GitLab", "Tags", "Host"],
            ["build", "#7,", "group", "42", "docker,", "large", "build-asg"],
            ["CI", "variable", "Of", "In", "job", "logs", "Given", "to"],
            ["DOCKER_AUTH_CONFIG", "project", "7", "masked", "protected", "branches", "and", "tags"],
            ["ECR_REGISTRY", "group", "42", "shown", "every", "job"],
        ]

    def test_what_is_not_there_is_left_out(self) -> None:
        assert self.shown({}) == []
