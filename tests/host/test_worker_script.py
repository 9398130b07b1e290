"""The boot of a worker, in every shell there is, with commands that stand in for those of the machine."""

import ipaddress
import json
import os
import subprocess
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host import scripts

from tests.host.commands import SHELLS, Commands

SCRIPT = Path(scripts.__file__).with_name("gitlab-runner-worker.sh")
ASKED = "rpm --quiet -q docker"
STEPS = [
    "dnf install -y -q docker",
    "usermod --append --groups docker ec2-user",
    "systemctl enable --now docker",
]


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    made = Commands(tmp_path)
    for name in ("dnf", "usermod", "systemctl"):
        made.add(name, "")
    made.add("rpm", "exit 1")
    return made


def boot(commands: Commands, tmp_path: Path, shell: list[str]) -> subprocess.CompletedProcess[str]:
    """Boot a worker whose root is a directory."""
    environment = {"PATH": f"{commands.directory}:{os.environ['PATH']}", "RUNNER_HOST_ROOT": str(tmp_path)}
    return subprocess.run([*shell, SCRIPT], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
def test_a_fresh_machine_becomes_a_worker(commands: Commands, tmp_path: Path, shell: list[str]) -> None:
    done = boot(commands, tmp_path, shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("gitlab-runner-worker: ready\n")
    assert commands.calls() == [ASKED, *STEPS]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
def test_what_the_machine_image_brings_is_not_installed(
    commands: Commands, tmp_path: Path, shell: list[str]
) -> None:
    commands.add("rpm", "")
    assert boot(commands, tmp_path, shell).returncode == 0
    assert commands.calls() == [ASKED, *STEPS[1:]]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
@pytest.mark.parametrize("failing", range(len(STEPS)), ids=[step.split()[0] for step in STEPS])
def test_a_failing_step_ends_the_boot(
    commands: Commands, tmp_path: Path, shell: list[str], failing: int
) -> None:
    commands.add(STEPS[failing].split()[0], "exit 3")
    done = boot(commands, tmp_path, shell)
    assert done.returncode != 0
    assert "ready" not in done.stdout
    assert commands.calls() == [ASKED, *STEPS[: failing + 1]]


def test_docker_has_networks_for_many_jobs_and_starts_with_them(commands: Commands, tmp_path: Path) -> None:
    daemon = tmp_path / "etc/docker/daemon.json"
    commands.add("systemctl", f"test -s {daemon}")
    assert boot(commands, tmp_path, SHELLS[0]).returncode == 0
    (pool,) = json.loads(daemon.read_text())["default-address-pools"]
    base = ipaddress.ip_network(pool["base"])
    assert 2 ** (pool["size"] - base.prefixlen) == 256
    # The range of Docker's own first network: a worker takes no addresses that plain Docker would not.
    assert base == ipaddress.ip_network("172.17.0.0/16")


def test_it_fits_into_user_data() -> None:
    assert len(SCRIPT.read_bytes()) < 16 * 1024
