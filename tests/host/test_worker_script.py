"""The boot of a worker, in every shell there is, with commands that stand in for those of the machine."""

import ipaddress
import json
import os
import subprocess
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host import scripts
from pulumi_gitlab_runner.host.docker_daemon import docker_daemon_config
from pulumi_gitlab_runner.host.user_data import worker_user_data
from pulumi_gitlab_runner.spec.job_networks import WORKER_JOB_NETWORKS

from tests.host.commands import SHELLS, Commands

SCRIPT = Path(scripts.__file__).with_name("gitlab-runner-worker.sh")
ASKED = "rpm --quiet -q docker"
STEPS = [
    "dnf install -y -q docker",
    "usermod --append --groups docker ec2-user",
    "systemctl enable --now docker",
    "iptables -w 30 -I DOCKER-USER -p tcp --dport 9252 -j REJECT --reject-with tcp-reset",
]


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    made = Commands(tmp_path)
    for name in ("dnf", "usermod", "systemctl", "iptables"):
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


def test_logs_of_containers_are_rotated_as_on_a_host(commands: Commands, tmp_path: Path) -> None:
    assert boot(commands, tmp_path, SHELLS[0]).returncode == 0
    written = json.loads((tmp_path / "etc/docker/daemon.json").read_text())
    of_a_host = json.loads(docker_daemon_config(1))
    assert {key: written.get(key) for key in ("log-driver", "log-opts")} == {
        key: of_a_host[key] for key in ("log-driver", "log-opts")
    }


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
def test_what_its_stack_declares_is_there_before_anything_is_fetched(
    commands: Commands, tmp_path: Path, shell: list[str]
) -> None:
    settings = {
        "etc/gitlab-runner-host": "USER_NAMESPACES=yes\n",
        "etc/gitlab-runner/environment": "https_proxy=http://proxy:3128\nAWS_CA_BUNDLE=/bundle\n",
    }
    for path, content in settings.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    commands.add("update-ca-trust", "")
    commands.add("dnf", 'test "$https_proxy" = http://proxy:3128')
    assert boot(commands, tmp_path, shell).returncode == 0
    assert commands.calls() == ["update-ca-trust ", ASKED, *STEPS]
    daemon = json.loads((tmp_path / "etc/docker/daemon.json").read_text())
    assert daemon["userns-remap"] == "default"
    assert daemon["default-address-pools"]


@pytest.mark.parametrize(("jobs", "size"), [(127, 24), (128, 25)])
def test_a_range_of_its_own_reaches_docker(commands: Commands, tmp_path: Path, jobs: int, size: int) -> None:
    written = tmp_path / "boot.sh"
    written.write_text(worker_user_data(jobs=jobs, job_networks="10.99.0.0/16"))
    environment = {"PATH": f"{commands.directory}:{os.environ['PATH']}", "RUNNER_HOST_ROOT": str(tmp_path)}
    subprocess.run([*SHELLS[0], written], env=environment, capture_output=True, check=True)
    daemon = json.loads((tmp_path / "etc/docker/daemon.json").read_text())
    assert daemon["default-address-pools"] == [{"base": "10.99.0.0/16", "size": size}]


def test_job_networks_with_ipv6_have_a_range_of_it(commands: Commands, tmp_path: Path) -> None:
    written = tmp_path / "boot.sh"
    written.write_text(worker_user_data(ipv6=True))
    environment = {"PATH": f"{commands.directory}:{os.environ['PATH']}", "RUNNER_HOST_ROOT": str(tmp_path)}
    subprocess.run([*SHELLS[0], written], env=environment, capture_output=True, check=True)
    pools = json.loads((tmp_path / "etc/docker/daemon.json").read_text())["default-address-pools"]
    assert (
        pools == json.loads(docker_daemon_config(1, WORKER_JOB_NETWORKS, ipv6=True))["default-address-pools"]
    )


def test_by_itself_the_script_is_the_user_data() -> None:
    assert worker_user_data() == SCRIPT.read_text()


def test_it_fits_into_user_data() -> None:
    assert len(SCRIPT.read_bytes()) < 16 * 1024
