"""The command `./dev`: its command line, its set-up, its summary."""

import errno
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from rich.console import Console

from sandbox import summary, virtual_environment
from sandbox.__main__ import main as dev_main
from sandbox.command_line import parse
from sandbox.engine import lookup
from sandbox.errors import SandboxError
from sandbox.lock import exclusive
from sandbox.paths import CHECKOUT
from sandbox.progress import Progress

POSTGRES = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/postgres:17"
DIGEST = f"@sha256:{'0123456789abcdef' * 4}"

PYTHON = """\
#!/bin/sh
# Plays both the Python that makes a virtual environment and the one inside of it.
if [ "$2" = venv ]; then
    mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && exit 0
fi
for file in "$@"; do :; done
[ -e "$file" ] || exit 0 # a package by its name
if [ "$2" = uv ] && grep -q unknown-to-uv "$file"; then
    echo "error: Failed to fetch" >&2
    exit 1
fi
echo "$2" > "$(dirname "$0")/installed-by"
if grep -q full "$file"; then
    echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device" >&2
    exit 1
fi
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


@pytest.mark.parametrize("option", ["--help", "help"])
def test_help_needs_no_set_up(option: str, tmp_path: Path) -> None:
    environment = dict(os.environ) | {"SANDBOX_DIR": str(tmp_path / "state"), "PYTHON": sys.executable}
    shown = subprocess.run(
        [CHECKOUT / "dev", option], env=environment, capture_output=True, text=True, check=True
    )
    for command in ("up", "preview", "down", "stop", "pulumi", "test", "lint", "render", "faults", "bench"):
        assert f"\n    {command} " in shown.stdout
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", ["up", "pulumi", "test"])
def test_the_help_of_a_command_has_two_spellings(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for words in (["help", command], [command, "--help"]):
        with pytest.raises(SystemExit) as ended:
            parse(words)
        assert ended.value.code == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert f"usage: ./dev {command}" in shown[0]


def test_a_machine_without_python_gets_install_instructions(tmp_path: Path) -> None:
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
    assert "Python 3.11 or newer is required" in shown.stderr
    assert "apt install python3" in shown.stderr


class TestUnusableDirectory:
    """The error is one line, and nothing is started."""

    def error(self, directory: Path, *before: str) -> str:
        command = [*before, sys.executable, "-P", "-m", "sandbox", "up"]
        shown = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=dict(os.environ) | {"SANDBOX_DIR": str(directory), "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert shown.returncode == 1, shown.stderr
        assert shown.stdout == ""
        (line,) = shown.stderr.splitlines()
        assert line.endswith("set SANDBOX_DIR to another directory")
        return line

    @pytest.mark.parametrize("below", ["", "below", "far/below"])
    def test_a_file(self, tmp_path: Path, below: str) -> None:
        (tmp_path / "file").touch()
        assert f"{tmp_path / 'file' / below} is not a directory" in self.error(tmp_path / "file" / below)

    def test_a_directory_that_cannot_be_created(self) -> None:
        assert "/proc/sandbox cannot be made: " in self.error(Path("/proc/sandbox"))

    @pytest.mark.parametrize(
        ("options", "error"),
        [("ro", "cannot be written to"), ("size=1m", "is full: the set-up needs 1200 MB, 1 MB are free.")],
    )
    def test_a_disk_without_room(self, tmp_path: Path, options: str, error: str) -> None:
        mount = f"mount -t tmpfs -o {options} tmpfs {tmp_path}"
        own_mounts = ["unshare", "--mount", "sh", "-c"]
        if shutil.which("unshare") is None or subprocess.run([*own_mounts, mount], check=False).returncode:
            pytest.skip("no file systems of its own may be mounted here")
        assert error in self.error(tmp_path, *own_mounts, f'{mount} && exec "$@"', "sh")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_directory_without_permission(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        assert "cannot be written to" in self.error(tmp_path)


def test_a_file_that_cannot_be_written_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SANDBOX_DIR", str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the handlers of the tests stay
    monkeypatch.setattr(sys, "argv", ["dev", "stop"])
    monkeypatch.setattr(virtual_environment, "is_ready", lambda: True)
    full = OSError(errno.ENOSPC, "No space left on device", "/state/file")
    monkeypatch.setattr(virtual_environment, "enter", lambda **_: raise_(full))
    assert dev_main() == 1
    error = "error: /state/file: No space left on device; set SANDBOX_DIR to another directory\n"
    assert capsys.readouterr().err == error
    monkeypatch.setattr(
        virtual_environment, "enter", lambda **_: raise_(FileNotFoundError(2, "no such file"))
    )
    with pytest.raises(FileNotFoundError):  # a bug: its traceback is wanted
        dev_main()


@pytest.mark.parametrize(("command", "obtained"), [("lint", []), ("up", ["an engine"])])
def test_a_first_command_gets_packages_and_an_engine_if_it_needs_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, obtained: list[str]
) -> None:
    got: list[str] = []
    monkeypatch.setenv("SANDBOX_DIR", str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the handlers of the tests stay
    monkeypatch.setattr(sys, "argv", ["dev", command])
    monkeypatch.setattr(lookup, "obtain", lambda *_: got.append("an engine"))
    monkeypatch.setattr(virtual_environment, "make", lambda _: None)
    # It started without the packages, even if it runs on the interpreter of the environment.
    monkeypatch.setattr(virtual_environment, "_directory", lambda: Path(sys.prefix))
    monkeypatch.setattr(virtual_environment, "is_ready", lambda: False)
    monkeypatch.setattr(os, "execv", lambda *_: raise_(SystemExit(7)))
    with pytest.raises(SystemExit, match="7"):
        dev_main()
    assert got == obtained


def raise_(error: Exception) -> None:
    raise error


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

    def test_it_is_created_once(self) -> None:
        assert not virtual_environment.is_ready()
        virtual_environment.make(Progress(io.StringIO()))
        assert virtual_environment.is_ready()

    @pytest.mark.parametrize(("written", "installer"), [("there==1", "uv"), ("unknown-to-uv==1", "pip")])
    def test_pip_installs_what_uv_cannot(self, requirements: Path, written: str, installer: str) -> None:
        requirements.write_text(f"{written}\n")
        virtual_environment.make(Progress(io.StringIO()))
        assert virtual_environment.is_ready()
        assert (virtual_environment._directory() / "bin" / "installed-by").read_text() == f"{installer}\n"

    def test_a_link_is_replaced_and_its_target_stays(self, tmp_path: Path) -> None:
        """`venv --clear` follows a link, and would empty the environment of another checkout."""
        others = tmp_path / "others" / "bin" / "python"
        others.parent.mkdir(parents=True)
        others.write_text("another's")
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "venv").symlink_to(tmp_path / "others")
        shown = io.StringIO()
        virtual_environment.make(Progress(shown))
        assert virtual_environment.is_ready()
        assert not (tmp_path / "state" / "venv").is_symlink()
        assert others.read_text() == "another's"
        assert f"was a link to {tmp_path / 'others'}, which stays as it is" in shown.getvalue()

    def test_a_checkout_that_cannot_be_written_is_reported(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """pip writes next to a package that it installs in place."""
        (tmp_path / "state").mkdir()
        virtual_environment.check_room()
        monkeypatch.setattr(virtual_environment, "CHECKOUT", tmp_path / "nowhere")
        with pytest.raises(SandboxError, match="copy the checkout to where it can be written"):
            virtual_environment.check_room()

    def test_a_full_disk_is_reported(self, requirements: Path) -> None:
        requirements.write_text("full\n")
        with pytest.raises(SandboxError, match=r"The disk is full; set SANDBOX_DIR to another directory, or"):
            virtual_environment.make(Progress(io.StringIO()))

    def test_a_second_command_waits_and_reports_it_immediately(self, tmp_path: Path) -> None:
        shown = io.StringIO()
        with exclusive(tmp_path / "state" / "venv.lock", lambda: None):
            second = Thread(target=virtual_environment.make, args=(Progress(shown),))
            second.start()
            deadline = time.monotonic() + 5
            while "waiting" not in shown.getvalue() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert "Python packages: waiting for another ./dev" in shown.getvalue()
            virtual_environment._directory().mkdir()
            (tmp_path / "state" / "venv" / "bin").mkdir()
            (tmp_path / "state" / "venv" / "bin" / "python").touch()
            (tmp_path / "state" / "venv" / "complete").write_text(virtual_environment.fingerprint())
        second.join(5)
        assert "Python packages: ready" in shown.getvalue()

    def test_other_requirements_recreate_it(self, requirements: Path) -> None:
        virtual_environment.make(Progress(io.StringIO()))
        requirements.write_text("there==2\n")
        assert not virtual_environment.is_ready()
        virtual_environment.make(Progress(io.StringIO()))
        assert virtual_environment.is_ready()

    def test_an_incomplete_environment_is_not_ready(self, requirements: Path) -> None:
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
    OUTPUTS: dict[str, Any] = {  # noqa: RUF012
        "registries": {
            "team": {
                "host": "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                "repositories": {"ci/base": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base"},
            },
            "legacy": {"host": "registry.example.com:5000", "repositories": {}},
        },
        "builds": {"base": "registry.example.com:5000/base:content-1@sha256:2"},
        "mirrors": {"public": {"postgres": f"{POSTGRES}{DIGEST}"}},
        "runners": {
            "build": {"id": 7.0, "tags": ["docker", "large"], "scope": "group 42", "host": "build-asg"}
        },
        "variables": [
            {"scope": "project 7", "key": "DOCKER_AUTH_CONFIG", "masked": True, "protected": True},
            {"scope": "group 42", "key": "ECR_REGISTRY", "masked": False, "protected": False},
        ],
    }

    def shown(self, outputs: dict[str, object], width: int = 80, **console: Any) -> str:
        stream = io.StringIO()
        summary.show(outputs, Console(file=stream, width=width, highlight=False, **console))
        return stream.getvalue()

    def words(self, outputs: dict[str, object], width: int) -> list[list[str]]:
        return [line.split() for line in self.shown(outputs, width).splitlines() if line]

    def test_it_lists_the_outputs_of_a_stack(self) -> None:
        assert self.words(self.OUTPUTS, 160) == [
            ["Registry", "Repository", "Address"],
            ["team", "ci/base", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base"],
            ["legacy", "registry.example.com:5000"],
            ["Build", "Image"],
            ["base", "registry.example.com:5000/base:content-1@sha256:2"],
            ["Mirrored", "image", "Address"],
            ["postgres", f"{POSTGRES}{DIGEST}"],
            ["Runner", "In", "GitLab", "Tags", "Host"],
            ["build", "#7,", "group", "42", "docker,", "large", "build-asg"],
            ["CI", "variable", "Scope", "Job", "logs", "Available", "to"],
            ["DOCKER_AUTH_CONFIG", "project", "7", "masked", "protected", "branches", "and", "tags"],
            ["ECR_REGISTRY", "group", "42", "visible", "all", "jobs"],
        ]

    def test_at_80_columns_a_cell_that_does_not_fit_is_below(self) -> None:
        assert (
            self.shown({key: self.OUTPUTS[key] for key in ("registries", "mirrors")})
            == f"""
Registry   Repository   Address
team       ci/base      123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base
legacy                  registry.example.com:5000

Mirrored image   Address
postgres
  {POSTGRES}
  {DIGEST}
"""
        )

    @pytest.mark.parametrize("width", [80, 60, 40])
    def test_no_line_is_longer_than_the_terminal(self, width: int) -> None:
        many: dict[str, Any] = {
            "registries": {"shared": {"repositories": {"platform/tools": f"{POSTGRES}/platform/toolchain"}}},
            "runners": {
                "nightly-integration": {
                    "id": 7,
                    "scope": "group 42",
                    "tags": ["docker", "large", "production", "nightly", "graviton"],
                    "host": "ci-nightly-integration-211a70b",
                }
            },
        }
        for outputs in (self.OUTPUTS, many):
            text = self.shown(outputs, width)
            assert max(map(len, text.splitlines())) <= width
            assert text == "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
        for whole in ("nightly-integration", "ci-nightly-integration-211a70b", "production,", "graviton"):
            assert whole in text

    def test_a_policy_is_printed_unchanged(self) -> None:
        policy = {"Statement": [{"Resource": [f"arn:aws:ecr:eu-west-1:1:repository/{'a' * 80}", "b"]}]}
        text = self.shown({"required_policies": {"shared": json.dumps(policy)}})
        assert text.startswith(
            "\nThe owner of the registry shared must add this policy to each of its\nrepositories:\n"
        )
        assert json.loads(text[text.index("{") :]) == policy
        assert '"Statement": [\n' in text

    @pytest.mark.parametrize("console", [{}, {"force_terminal": True, "no_color": True}])
    def test_the_text_is_the_same_without_colour(self, console: dict[str, bool]) -> None:
        text = re.sub(r"\x1b\[[0-9]*m", "", self.shown(self.OUTPUTS, **console))
        assert text == self.shown(self.OUTPUTS)
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]", self.shown(self.OUTPUTS, **console))

    def test_missing_outputs_are_left_out(self) -> None:
        assert self.shown({}) == ""
