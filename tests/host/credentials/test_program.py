"""The real `gitlab-runner-credentials`, as it is on a host."""

import ast
import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.credentials import table
from pulumi_gitlab_runner.host.credentials.__main__ import main
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY
from pulumi_gitlab_runner.host.files import credential_service_files
from pulumi_gitlab_runner.host.scripts import script

from sandbox.render import write_tree
from tests.host.commands import SHELLS
from tests.host.sandbox_host import sandbox_files

HOST = "registry.example.com:5000"
MODULES = Path(table.__file__).parent
PATIENCE_S = 30.0


class Program:
    """A rendered host, with a registry whose credential a helper provides."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "host"
        write_tree(sandbox_files(), self.root)
        self.helper = directory / "docker-credential-any"
        self.answer('echo \'{"Username": "me", "Secret": "canary-4711"}\'')
        (self.root / "etc/gitlab-runner/registries").write_text(f"{HOST} helper {self.helper}\n")
        (self.root / "run").mkdir()

    def answer(self, body: str) -> None:
        """Set the script of the helper."""
        self.helper.write_text(f"#!/bin/sh\n{body}\n")
        self.helper.chmod(0o755)

    def command(self, command: str, shell: list[str] | None = None) -> list[str]:
        """The command line of the program."""
        return [
            *(shell or []),
            str(self.root / "usr/local/sbin/gitlab-runner-credentials"),
            command,
            f"--registries={self.root}/etc/gitlab-runner/registries",
            f"--directory={self.root}{DIRECTORY}",
        ]

    def once(self, shell: list[str] | None = None, **options: str) -> subprocess.CompletedProcess[str]:
        """Request all credentials once."""
        command = self.command("once", shell)
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,  # type: ignore[call-overload]
        )

    def auths(self) -> dict[str, str]:
        """The credentials in the Docker configuration of root."""
        auths = json.loads((self.root / "root/.docker/config.json").read_text())["auths"]
        return {registry: base64.b64decode(entry["auth"]).decode() for registry, entry in auths.items()}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda each: Path(each[0]).name)
def test_the_docker_configuration_of_root_links_to_the_credentials(
    program: Program, shell: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    done = program.once(shell)
    assert (done.returncode, program.auths()) == (0, {HOST: "me:canary-4711"})
    assert done.stderr == "gitlab-runner-credentials: 1 of 1 registries have their credentials\n"
    assert list(program.root.rglob("*.pyc")) == []


def test_the_exit_status_reports_a_registry_without_a_credential(program: Program) -> None:
    program.answer("exit 3")
    done = program.once()
    assert (done.returncode, program.auths()) == (1, {})
    assert f"{HOST}: helper {program.helper}: failed with exit status 3\n" in done.stderr


def test_the_journal_gets_priorities(program: Program) -> None:
    program.answer("exit 3")
    environment = {**os.environ, "JOURNAL_STREAM": "8:1"}
    output = program.once(env=environment).stderr.splitlines()  # type: ignore[arg-type]
    assert [line[:3] for line in output] == ["<4>", "<6>"]


def test_modules_of_the_current_directory_are_not_run(program: Program, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    for module in ("json", "argparse", "gitlab_runner_credentials"):
        (hostile / f"{module}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert program.once(cwd=str(hostile)).returncode == 0
    assert not (tmp_path / "ran").exists()


def test_a_directory_that_is_a_link_is_refused(program: Program, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (program.root / DIRECTORY.lstrip("/")).symlink_to(tmp_path / "elsewhere")
    done = program.once()
    assert done.returncode == 1
    assert "is not a directory of this user's own" in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_service_that_is_killed_during_a_question_recovers(program: Program, tmp_path: Path) -> None:
    program.once()
    asking = tmp_path / "asking"
    program.answer(f"touch {asking}; exec sleep 60")
    (program.root / DIRECTORY.lstrip("/") / "state.json").unlink()
    with subprocess.Popen(program.command("serve"), stderr=subprocess.DEVNULL, start_new_session=True) as one:
        deadline = time.monotonic() + PATIENCE_S
        while not asking.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(one.pid, signal.SIGKILL)
    assert program.auths() == {HOST: "me:canary-4711"}
    program.answer('echo \'{"Username": "me", "Secret": "another"}\'')
    assert program.once().returncode == 0
    assert program.auths() == {HOST: "me:another"}


def test_the_help_names_the_paths_on_a_host(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(sys, "argv", ["__main__.py", "--help"])
    with pytest.raises(SystemExit):
        main()
    output = capsys.readouterr().out
    assert output.startswith("usage: gitlab-runner-credentials ")
    for described in (
        r"\{serve,once\}\s+run the service; or request the credentials that are due",
        r"--registries REGISTRIES\s+default: /etc/gitlab-runner/registries$",
        r"--directory DIRECTORY\s+the directory, in memory; default: /run/gitlab-runner-credentials$",
    ):
        assert re.search(described, output, re.MULTILINE)


def test_an_unknown_command_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["__main__.py", "renew", "--registries=/", "--directory=/nowhere/below"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "invalid choice: 'renew'" in capsys.readouterr().err


def test_the_delivered_files_are_the_tested_ones() -> None:
    delivered = {Path(path).name: file.content for path, file in credential_service_files().items()}
    assert delivered == {path.name: path.read_text() for path in MODULES.glob("*.py")}
    assert "gitlab-runner-host" in script("gitlab-runner-credentials.sh")


@pytest.mark.parametrize("path", sorted(MODULES.glob("*.py")), ids=lambda path: path.name)
def test_the_oldest_python_of_a_host_reads_every_module(path: Path) -> None:
    """Amazon Linux 2023 has Python 3.9; the modules need only the standard library."""
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    imported = {
        each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each.level == 0
    }
    imported |= {name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
