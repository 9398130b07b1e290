"""`gitlab-runner-drain`, run for real: running jobs end before their host does."""

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
    """A host on which time passes as a test says: each `sleep` of the script does the next thing."""

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
        # When nothing more is to happen, whoever still waits is ended.
        self.commands.add(
            "sleep",
            f'next=$(ls "{self._events}" | head -n 1)\n'
            f'[ -n "$next" ] || kill "$PPID"\n. "{self._events}/$next"\nrm "{self._events}/$next"',
        )

    def then(self, event: str) -> None:
        """What happens at the next `sleep`."""
        (self._events / f"{len(list(self._events.iterdir())):03}").write_text(event)

    def then_runner_is(self, state: str) -> None:
        """The state of the runner's unit changes."""
        self.then(f'printf {state} >"{self._runner}"')

    def then_metadata_say(self, path: str, value: str) -> None:
        """A value of the metadata changes."""
        file = self._metadata.directory / path
        self.then(f'mkdir -p "{file.parent}" && printf "%s" "{value}" >"{file}"')

    def drain(self, shell: list[str]) -> tuple[int, list[str]]:
        """Run the script: its exit status, and what it called besides `sleep` and questions."""
        done = self.run("gitlab-runner-drain.sh", shell)
        asked = ("systemctl is-active", "sleep ", "logger ")
        return done.returncode, [call for call in self.commands.calls() if not call.startswith(asked)]


@pytest.fixture
def host(tmp_path: Path) -> DrainingHost:
    return DrainingHost(tmp_path, Metadata(tmp_path / "values").of_the_group())


def test_the_end_waits_for_running_jobs(tmp_path: Path, metadata: InstanceMetadata, shell: list[str]) -> None:
    host = DrainingHost(tmp_path, metadata)
    host.commands.remove("curl")
    host.then("true")
    host.then_metadata_say("autoscaling/target-lifecycle-state", "Terminated")
    host.then_runner_is("deactivating")
    host.then("true")
    host.then_runner_is("inactive")
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, LEAVE, HEARTBEAT, HEARTBEAT, COMPLETE])
    assert (host.root / "run/gitlab-runner-draining").exists()
    # AWS gives two minutes' notice of the end of a spot instance; a hook waits for five minutes or longer.
    assert host.commands.calls("sleep") == ["sleep 5"] * 2 + ["sleep 30"] * 3


def test_a_refresh_of_a_later_change_goes_on(host: DrainingHost, shell: list[str]) -> None:
    (host.root / "run/gitlab-runner-draining").touch()
    host.then_metadata_say("autoscaling/target-lifecycle-state", "Terminated")
    host.then_runner_is("inactive")
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, COMPLETE])


REFRESH_STAYS = "warning: the instance refresh continues until this host is terminated: "


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("An error occurred (ActiveInstanceRefreshNotFound) when calling it: there is none", None),
        (
            "An error occurred (AccessDenied) when calling it: no",
            "An error occurred (AccessDenied) when calling it: no",
        ),
        ("usage: aws [options]\\n\\naws: error: Unknown options: --no-wait", "Unknown options: --no-wait"),
    ],
    ids=["none", "denied", "the command line of Debian 12"],
)
def test_a_refresh_that_goes_on_is_said(
    host: DrainingHost, shell: list[str], answer: str, said: str | None
) -> None:
    refuse = f"case $* in *cancel-instance-refresh*) printf '{answer}\\n' >&2; exit 252 ;; esac"
    host.commands.add("aws", refuse)
    host.then_metadata_say("autoscaling/target-lifecycle-state", "Terminated")
    host.then_runner_is("inactive")
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, LEAVE, COMPLETE])
    found = [each for each in host.said() if each.startswith("warning: ")]
    assert found == ([f"{REFRESH_STAYS}{said}"] if said else [])


def test_a_runner_that_fails_ends_too(host: DrainingHost, shell: list[str]) -> None:
    host.then_metadata_say("autoscaling/target-lifecycle-state", "Terminated")
    host.then_runner_is("failed")
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, LEAVE, COMPLETE])


@pytest.mark.parametrize("state", ["InService", "Standby", "Detached"])
def test_a_host_that_stays_goes_on(host: DrainingHost, state: str) -> None:
    host.then_metadata_say("autoscaling/target-lifecycle-state", state)
    host.then("true")
    status, calls = host.drain(["sh"])
    assert status != 0
    assert calls == []
    assert not (host.root / "run/gitlab-runner-draining").exists()


def test_metadata_out_of_reach_end_nothing(host: DrainingHost) -> None:
    host.commands.remove("curl")
    host.environment["RUNNER_HOST_IMDS"] = "http://127.0.0.1:9"
    host.then("true")
    assert host.drain(["sh"])[1] == []


def test_a_spot_instance_that_is_reclaimed_takes_no_more_jobs(host: DrainingHost, shell: list[str]) -> None:
    host.then_metadata_say("spot/instance-action", '{\\"action\\": \\"terminate\\"}')
    host.then_runner_is("inactive")
    host.then("true")
    assert host.drain(shell)[1] == [STOP]


def test_a_spot_instance_completes_its_groups_hook_too(host: DrainingHost) -> None:
    host.then_metadata_say("spot/instance-action", "{}")
    host.then_runner_is("inactive")
    host.then_metadata_say("autoscaling/target-lifecycle-state", "Terminated")
    assert host.drain(["sh"]) == (0, [STOP, COMPLETE])


def test_calls_that_fail_do_not_end_the_wait(host: DrainingHost, shell: list[str]) -> None:
    host.commands.add("aws", "exit 254")
    host.then_metadata_say("autoscaling/target-lifecycle-state", "Terminated")
    host.then("true")
    host.then_runner_is("inactive")
    host.then("true")
    host.then(f'echo "#!/bin/sh" >{host.commands.directory}/aws')
    assert host.drain(shell) == (0, [STOP, HEARTBEAT, LEAVE, HEARTBEAT, COMPLETE, COMPLETE])
    assert "warning: record-lifecycle-action-heartbeat failed" in host.said()
    assert host.said().count("warning: complete-lifecycle-action failed") == 2
