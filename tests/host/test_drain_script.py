"""The real `gitlab-runner-drain`: running jobs end before their host does."""

import shutil
from pathlib import Path

import pytest

from tests.host.instance_metadata import InstanceMetadata, Metadata
from tests.host.script_host import ScriptHost

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

NAMES = "--lifecycle-hook-name the-hook --auto-scaling-group-name the-group"
HEARTBEAT = (
    "aws --region eu-west-1 autoscaling record-lifecycle-action-heartbeat "
    f"--instance-id i-0123456789abcdef0 {NAMES}"
)
COMPLETE = (
    "aws --region eu-west-1 autoscaling complete-lifecycle-action "
    f"--instance-id i-0123456789abcdef0 {NAMES} --lifecycle-action-result CONTINUE"
)
LEAVE = (
    "aws --region eu-west-1 autoscaling cancel-instance-refresh --auto-scaling-group-name the-group "
    "--no-wait-for-transitioning-instances"
)
STOP = "systemctl stop --no-block gitlab-runner"


class DrainingHost(ScriptHost):
    """A host whose events a test schedules: each `sleep` of the script triggers the next one."""

    def __init__(self, directory: Path, metadata: Metadata) -> None:
        super().__init__(directory)
        self._events = directory / "events"
        self._events.mkdir()
        self._metadata = metadata
        self._runner = directory / "runner"
        self._runner.write_text("active")
        self.environment["RUNNER_HOST_IMDS"] = metadata.endpoint
        self.commands.add("aws", "")
        self.commands.add("curl", metadata.curl, recorded=False)
        self.commands.add("systemctl", f'case $1 in is-active) cat "{self._runner}" ;; esac')
        # Without a further event, a script that still waits is ended.
        self.commands.add(
            "sleep",
            f'next=$(ls "{self._events}" | head -n 1)\n'
            f'[ -n "$next" ] || kill "$PPID"\n. "{self._events}/$next"\nrm "{self._events}/$next"',
        )

    def then(self, event: str) -> None:
        """Schedule an event for the next `sleep`."""
        (self._events / f"{len(list(self._events.iterdir())):03}").write_text(event)

    def then_runner_is(self, state: str) -> None:
        """Schedule a change of the state of the runner's unit."""
        self.then(f'printf {state} >"{self._runner}"')

    def then_metadata_has(self, path: str, value: str) -> None:
        """Schedule a change of a metadata value."""
        file = self._metadata.directory / path
        self.then(f'mkdir -p "{file.parent}" && printf "%s" "{value}" >"{file}"')

    def drain(self, shell: list[str]) -> tuple[int, list[str]]:
        """Run the script; return its exit status and its calls, without `sleep` and queries."""
        done = self.run("gitlab-runner-drain.sh", shell)
        asked = ("systemctl is-active", "sleep ", "logger ")
        return done.returncode, [call for call in self.commands.calls() if not call.startswith(asked)]


@pytest.fixture
def host(tmp_path: Path) -> DrainingHost:
    return DrainingHost(tmp_path, Metadata(tmp_path / "values").of_the_group())


def test_termination_waits_for_running_jobs(
    tmp_path: Path, metadata: InstanceMetadata, shell: list[str]
) -> None:
    host = DrainingHost(tmp_path, metadata)
    host.commands.remove("curl")
    host.then("true")
    host.then_metadata_has("autoscaling/target-lifecycle-state", "Terminated")
    host.then_runner_is("deactivating")
    host.then("true")
    host.then_runner_is("inactive")
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, LEAVE, HEARTBEAT, HEARTBEAT, COMPLETE])
    assert (host.root / "run/gitlab-runner-draining").exists()
    # AWS gives two minutes' notice of the end of a spot instance; a hook waits for five minutes or longer.
    assert host.commands.calls("sleep") == ["sleep 5"] * 2 + ["sleep 30"] * 3


def test_a_refresh_for_a_later_change_continues(host: DrainingHost, shell: list[str]) -> None:
    (host.root / "run/gitlab-runner-draining").touch()
    host.then_metadata_has("autoscaling/target-lifecycle-state", "Terminated")
    host.then_runner_is("inactive")
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, COMPLETE])


REFRESH_STAYS = "warning: the instance refresh continues until this host is terminated: "


@pytest.mark.parametrize(
    ("answer", "logged"),
    [
        ("An error occurred (ActiveInstanceRefreshNotFound) when calling it: there is none", None),
        (
            "An error occurred (AccessDenied) when calling it: no",
            "An error occurred (AccessDenied) when calling it: no",
        ),
        ("usage: aws [options]\\n\\naws: error: Unknown options: --no-wait", "Unknown options: --no-wait"),
    ],
    ids=["none", "denied", "the AWS CLI of Debian 12"],
)
def test_a_refresh_that_continues_is_logged(
    host: DrainingHost, shell: list[str], answer: str, logged: str | None
) -> None:
    refuse = f"case $* in *cancel-instance-refresh*) printf '{answer}\\n' >&2; exit 252 ;; esac"
    host.commands.add("aws", refuse)
    host.then_metadata_has("autoscaling/target-lifecycle-state", "Terminated")
    host.then_runner_is("inactive")
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, LEAVE, COMPLETE])
    found = [each for each in host.logged() if each.startswith("warning: ")]
    assert found == ([f"{REFRESH_STAYS}{logged}"] if logged else [])


def test_a_failed_runner_ends_the_wait(host: DrainingHost, shell: list[str]) -> None:
    host.then_metadata_has("autoscaling/target-lifecycle-state", "Terminated")
    host.then_runner_is("failed")
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, LEAVE, COMPLETE])


@pytest.mark.parametrize("state", ["InService", "Standby", "Detached"])
def test_a_host_that_stays_keeps_running(host: DrainingHost, state: str) -> None:
    host.then_metadata_has("autoscaling/target-lifecycle-state", state)
    host.then("true")
    status, calls = host.drain(["sh"])
    assert status != 0
    assert calls == []
    assert not (host.root / "run/gitlab-runner-draining").exists()


def test_unreachable_metadata_stop_nothing(host: DrainingHost) -> None:
    host.commands.remove("curl")
    host.environment["RUNNER_HOST_IMDS"] = "http://127.0.0.1:9"
    host.then("true")
    assert host.drain(["sh"])[1] == []


def test_a_spot_instance_that_is_reclaimed_takes_no_more_jobs(host: DrainingHost, shell: list[str]) -> None:
    host.then_metadata_has("spot/instance-action", '{\\"action\\": \\"terminate\\"}')
    host.then_runner_is("inactive")
    host.then("true")
    assert host.drain(shell)[1] == [STOP]


def test_a_spot_instance_completes_its_groups_hook_too(host: DrainingHost) -> None:
    host.then_metadata_has("spot/instance-action", "{}")
    host.then_runner_is("inactive")
    host.then_metadata_has("autoscaling/target-lifecycle-state", "Terminated")
    assert host.drain(["sh"]) == (0, [STOP, COMPLETE])


def test_calls_that_fail_do_not_end_the_wait(host: DrainingHost, shell: list[str]) -> None:
    host.commands.add("aws", "exit 254")
    host.then_metadata_has("autoscaling/target-lifecycle-state", "Terminated")
    host.then("true")
    host.then_runner_is("inactive")
    host.then("true")
    host.then(f'echo "#!/bin/sh" >{host.commands.directory}/aws')
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, LEAVE, HEARTBEAT, COMPLETE, COMPLETE])
    assert "warning: record-lifecycle-action-heartbeat failed" in host.logged()
    assert host.logged().count("warning: complete-lifecycle-action failed") == 2
