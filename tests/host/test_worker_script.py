"""The boot of a worker in every installed shell, with stand-ins for the commands of the machine."""

import subprocess
from pathlib import Path

import pytest

from tests.host.script_host import ScriptHost

SCRIPT = "gitlab-runner-worker.sh"
ASKED = "rpm --quiet -q docker"
STEPS = [
    "dnf install -y -q docker",
    "usermod --append --groups docker ec2-user",
    "systemctl enable --now docker",
    "iptables -w 30 -I DOCKER-USER -p tcp --dport 9252 -j REJECT --reject-with tcp-reset",
    "systemctl enable --now gitlab-runner-prune.timer",
]


class Worker(ScriptHost):
    """A fresh instance without settings, as a worker has none."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        Path(self.environment["RUNNER_HOST_SETTINGS"]).write_text("")
        for name in ("dnf", "usermod", "systemctl", "iptables"):
            self.commands.add(name, "")
        self.commands.add("rpm", "exit 1")

    def boot(self, shell: list[str]) -> subprocess.CompletedProcess[str]:
        return self.run(SCRIPT, shell)

    def called(self) -> list[str]:
        """The calls of the script, without those of the journal."""
        return [call for call in self.commands.calls() if not call.startswith("logger ")]


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path)


def test_a_fresh_machine_becomes_a_worker(worker: Worker, shell: list[str]) -> None:
    done = worker.boot(shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert worker.logged()[-1] == "info: ready"
    assert worker.called() == [ASKED, *STEPS]


def test_packages_of_the_machine_image_are_not_installed_again(worker: Worker, shell: list[str]) -> None:
    worker.commands.add("rpm", "")
    assert worker.boot(shell).returncode == 0
    assert worker.called() == [ASKED, *STEPS[1:]]


@pytest.mark.parametrize("failing", range(len(STEPS)), ids=STEPS)
def test_a_failing_step_ends_the_boot(worker: Worker, shell: list[str], failing: int) -> None:
    command, _, arguments = STEPS[failing].partition(" ")
    worker.commands.add(command, f'[ "$*" != "{arguments}" ] || exit 3')
    assert worker.boot(shell).returncode != 0
    assert "info: ready" not in worker.logged()
    assert worker.called() == [ASKED, *STEPS[: failing + 1]]


def test_the_declared_proxy_and_authorities_are_configured_before_any_download(
    worker: Worker, shell: list[str]
) -> None:
    environment = worker.root / "etc/gitlab-runner/environment"
    environment.write_text("https_proxy=http://proxy:3128\nAWS_CA_BUNDLE=/bundle\n")
    worker.commands.add("update-ca-trust", "")
    worker.commands.add("dnf", 'test "$https_proxy" = http://proxy:3128')
    assert worker.boot(shell).returncode == 0
    assert worker.called() == ["update-ca-trust ", ASKED, *STEPS]
