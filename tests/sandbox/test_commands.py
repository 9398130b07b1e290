"""The Pulumi commands that `./dev` runs, with an engine that only records them."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import commands
from sandbox.command_line import parse
from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.engine.release import Engine
from sandbox.environment import Sandbox
from sandbox.errors import SandboxError
from sandbox.lock import sole
from sandbox.progress import Progress
from sandbox.state import LOCAL_HOST
from tests.sandbox.test_state import ENDED

PULUMI = """\
#!/bin/sh
echo "$PULUMI_STACK: $*" >> {asked}
echo "${{PULUMI_BACKEND_URL:-the user's own}}" > {backend}
case "$*" in
"stack output --json") echo '{{"registries": {{"team": {{"host": "registry.example.com"}}}}}}' ;;
"stack init "*) mkdir -p {stacks} && echo '{{}}' > {stacks}/sandbox.json ;;
*fail*) exit 7 ;;
*killed*) kill -9 $$ ;;
esac
"""

RECORDS_ITS_PROCESS = """\
import os
from pathlib import Path

import pytest

noted = Path(__file__).with_suffix(".noted")


@pytest.mark.parametrize("case", range(20))
def test_it(case):
    with noted.open("a") as file:
        print(os.getpid(), file=file)
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a sandbox without services."""
    state = tmp_path / "state"
    stacks = state / "state" / ".pulumi" / "stacks" / "project"
    command = tmp_path / "pulumi"
    command.write_text(PULUMI.format(asked=tmp_path / "asked", backend=tmp_path / "backend", stacks=stacks))
    command.chmod(0o755)
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv("SANDBOX_DIR", str(state))
    monkeypatch.setattr(commands.lookup, "obtain", lambda directory, progress: Engine(command, "built"))
    monkeypatch.setattr(commands, "Sandbox", functools.partial(Sandbox, services=()))
    return state


@pytest.fixture
def dev(state: Path) -> Callable[..., int]:
    return lambda *words: commands.run(parse(words), Progress())


@pytest.fixture
def asked(state: Path) -> Callable[[], list[str]]:
    """Return the Pulumi commands since the last call."""
    file = state.parent / "asked"

    def read() -> list[str]:
        lines = file.read_text().splitlines()
        file.unlink()
        return lines

    return read


def test_a_missing_requirement_of_the_stack_docker_is_reported_before_the_start(
    dev: Callable[..., int], state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(_directory: Path, _progress: Progress) -> None:
        raise DockerUnavailableError("a Docker Engine of the sandbox's own needs root")

    monkeypatch.setattr(commands, "prepare", lacking)
    monkeypatch.setattr(commands, "Sandbox", Sandbox)
    with pytest.raises(SandboxError, match="needs root"):
        dev("up", "docker")
    assert not (state / "services.json").exists()


def test_up_creates_the_stack_once_and_shows_its_outputs(
    dev: Callable[..., int], asked: Callable[[], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert dev("up") == 0
    up = "sandbox: up --yes --skip-preview --suppress-outputs --suppress-progress"
    output = "sandbox: stack output --json"
    assert asked() == ["sandbox: stack init sandbox", up, output]
    assert "registry.example.com" in capfd.readouterr().out
    assert dev("up") == 0
    assert asked() == [up, output]


def test_the_state_is_refreshed_until_lost_memory_is_restored(
    dev: Callable[..., int], asked: Callable[[], list[str]], state: Path
) -> None:
    dev("up")
    (state / "memory-lost-sandbox").touch()
    dev("preview")
    dev("pulumi", "sandbox", "stack", "ls")
    dev("up")
    dev("preview")
    refreshed = [line for line in asked() if "--refresh" in line]
    assert refreshed == [
        "sandbox: preview --refresh --suppress-progress",
        "sandbox: up --yes --skip-preview --suppress-outputs --refresh --suppress-progress",
    ]


def test_another_stack_uses_the_backend_of_the_user(
    dev: Callable[..., int], asked: Callable[[], list[str]], state: Path
) -> None:
    dev("up", "prod")
    assert (state.parent / "backend").read_text() == "the user's own\n"
    dev("down", "prod")
    assert asked() == [
        "prod: stack select --create prod",
        "prod: up --suppress-outputs --suppress-progress",
        "prod: stack output --json",
        "prod: destroy --suppress-progress",
    ]
    dev("pulumi", "sandbox", "version")
    assert (state.parent / "backend").read_text() == f"file://{state}/state\n"


@pytest.mark.parametrize("command", ["up", "preview"])
def test_a_stack_without_a_file_is_not_created(command: str, dev: Callable[..., int], state: Path) -> None:
    with pytest.raises(
        SandboxError, match="there is no stack 'pord' in stacks/; there are: dev, docker, prod, sandbox"
    ):
        dev(command, "pord")
    assert not (state.parent / "asked").exists()


def test_a_stack_may_be_named_with_its_organisation(
    dev: Callable[..., int], asked: Callable[[], list[str]]
) -> None:
    dev("preview", "acme/gitlab-runner/prod")
    assert asked()[0].endswith("stack select --create acme/gitlab-runner/prod")


def test_down_before_the_first_up_does_nothing(
    dev: Callable[..., int], asked: Callable[[], list[str]], state: Path
) -> None:
    assert dev("down") == 0
    assert not (state.parent / "asked").exists()
    dev("up")
    assert dev("down") == 0
    assert asked()[-1] == "sandbox: destroy --yes --skip-preview --suppress-progress"


class TestConcurrentCommands:
    """Two commands at the same time, and the files of an engine that was killed."""

    @pytest.fixture
    def locked(self, dev: Callable[..., int], state: Path) -> Callable[[int, str], Path]:
        """Bring the stack up, then lock it as an engine does."""
        dev("up")

        def lock(pid: int, host: str) -> Path:
            file = state / "state/.pulumi/locks/organization/project/sandbox/1.json"
            file.parent.mkdir(parents=True)
            content = {"pid": pid, "username": "ci", "hostname": host, "timestamp": "2026-11-29T14:24:55Z"}
            file.write_text(json.dumps(content))
            return file

        return lock

    @pytest.mark.parametrize("command", ["up", "down"])
    def test_a_second_change_is_refused_in_one_line(
        self, dev: Callable[..., int], state: Path, command: str
    ) -> None:
        with sole(state / "change-sandbox.lock", ""), pytest.raises(SandboxError) as raised:
            dev(command)
        assert str(raised.value) == (
            f"another ./dev is changing the stack sandbox (process {os.getpid()}): wait until it has ended"
        )

    def test_a_preview_does_not_wait(self, dev: Callable[..., int], state: Path) -> None:
        dev("up")
        with sole(state / "change-sandbox.lock", ""):
            assert dev("preview") == 0

    def test_the_lock_of_an_engine_that_was_killed_is_removed(
        self, dev: Callable[..., int], locked: Callable[[int, str], Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        lock = locked(ENDED, LOCAL_HOST)
        assert dev("up") == 0
        assert not lock.exists()
        assert "Removed the lock of an engine that has ended" in capsys.readouterr().err

    def test_the_lock_of_an_engine_elsewhere_stays_and_the_message_says_how_to_cancel(
        self,
        dev: Callable[..., int],
        locked: Callable[[int, str], Path],
        asked: Callable[[], list[str]],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        locked(ENDED, "elsewhere")
        asked()
        message = (
            f"the stack sandbox is locked (process {ENDED} of ci on elsewhere, since 2026-11-29 14:24:55). "
            "If no engine changes it there any more: ./dev pulumi sandbox cancel --yes"
        )
        with pytest.raises(SandboxError) as raised:
            dev("up")
        assert str(raised.value) == message
        assert dev("pulumi", "sandbox", "refresh", "fail") == 7
        assert asked() == ["sandbox: refresh fail"]
        assert capsys.readouterr().err.splitlines() == [f"note: {message}"]

    def test_a_killed_engine_is_reported(
        self, dev: Callable[..., int], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert dev("pulumi", "sandbox", "killed") == -9
        assert capsys.readouterr().err.splitlines() == [
            f"note: the engine was ended by signal 9; {commands.RUN_AGAIN}"
        ]

    def test_a_state_that_cannot_be_repaired_is_reported_before_the_engine_starts(
        self, dev: Callable[..., int], asked: Callable[[], list[str]], state: Path
    ) -> None:
        dev("up")
        asked()
        (checkpoint,) = state.rglob("sandbox.json")
        checkpoint.write_text("")
        with pytest.raises(SandboxError, match="start again"):
            dev("up")
        assert not (state.parent / "asked").exists()

    def test_a_full_disk_is_reported_before_the_engine_starts(
        self, dev: Callable[..., int], state: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commands, "ROOM_MB", 10**9)
        with pytest.raises(SandboxError, match="is full: the state of a stack needs"):
            dev("up")
        assert not (state.parent / "asked").exists()


def test_each_stack_has_its_own_sandbox(
    dev: Callable[..., int], state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both declare the same repositories and variables, in an account and a GitLab without others."""
    helper = tmp_path / "ecr-login" / "v1" / "docker-credential-ecr-login"
    monkeypatch.setattr(commands, "prepare", lambda directory, progress: helper)
    monkeypatch.setattr(
        commands, "Sandbox", lambda directory, engine=None, services=(), **_: Sandbox(directory, engine, ())
    )
    assert dev("up", "docker") == 0
    assert (state.parent / "backend").read_text() == f"file://{state}/stack-docker/state\n"
    assert (state / "stack-docker" / "ecr-login").readlink() == tmp_path / "ecr-login"
    assert dev("up", "docker") == 0
    assert dev("stop") == 0


def test_missing_official_plugins_are_named_and_nothing_changes(
    dev: Callable[..., int], state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands.provider_plugins, "explain_unreachable", lambda _url: "no answer")
    monkeypatch.setenv("PULUMI_HOME", str(state.parent))
    with pytest.raises(SandboxError, match=r"no official plugin of .*aws 7\.51\.1.* \(no answer\)"):
        dev("up", "--providers", "official")
    assert not (state.parent / "asked").exists()
    assert not state.exists()


def test_the_exit_code_is_that_of_pulumi(dev: Callable[..., int]) -> None:
    assert dev("pulumi", "sandbox", "fail") == 7


def test_tests_run_in_several_processes_and_those_of_a_file_in_one(tmp_path: Path) -> None:
    files = [tmp_path / "test_one.py", tmp_path / "test_other.py"]
    for file in files:
        file.write_text(RECORDS_ITS_PROCESS)
    subprocess.run(
        [sys.executable, "-m", "pytest", *commands.SIDE_BY_SIDE, "--numprocesses=2", "--rootdir=."],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    one, other = (set(file.with_suffix(".noted").read_text().splitlines()) for file in files)
    assert (len(one), len(other), len(one & other)) == (1, 1, 0)
