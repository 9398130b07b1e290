"""A Docker Engine with the settings of a runner host has a network for each job, and loses leftovers."""

import io
import json
import tarfile
import time
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

import pytest
from docker import APIClient
from pulumi_gitlab_runner.host.credentials.service import boot_clock
from pulumi_gitlab_runner.host.docker_daemon import IPV6_JOB_NETWORKS, docker_daemon_config, networks_needed
from pulumi_gitlab_runner.host.programs import PRUNING
from pulumi_gitlab_runner.host.scripts import script

from sandbox.docker.engine import SOCKET
from sandbox.docker.machine import Machine
from sandbox.docker.sandbox import DockerSandbox

pytestmark = pytest.mark.docker

CONCURRENT = 20
JOB_NETWORKS = "10.99.0.0/21"
MANAGED = {"com.gitlab.gitlab-runner.managed": "true"}
PRUNE = "/usr/local/sbin/gitlab-runner-prune"
DATE = '#!/bin/sh\n[ "$*" = +%s ] || exec /usr/bin/date "$@"\nexec /usr/bin/date -d "now {later}" +%s\n'
TOMORROW, NEXT_WEEK = "+25 hours", "+8 days"
# The image has no programs: a container runs those of the machine.
PROGRAMS = {path: {"bind": path, "mode": "ro"} for path in ("/usr", "/lib", "/lib64")}


class PrunedHost:
    """A machine with Docker, its settings, and the script that prunes it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        settings = json.loads(docker_daemon_config(CONCURRENT, JOB_NETWORKS, ipv6=True))
        machine.write("/etc/docker/daemon.json", json.dumps(settings | {"hosts": [f"unix://{SOCKET}"]}))
        machine.serve("dockerd", "dockerd", ready=lambda: machine.listens_at(SOCKET))
        self.api = APIClient(f"unix://{machine.path(SOCKET)}", version="auto", timeout=60)
        machine.write("/etc/gitlab-runner-host", "")
        for path, name in PRUNING.items():
            machine.write(f"/{path}", script(name), 0o755)

    def prune(self, *, later: str = "", disk: int = 0, started: int = 0) -> str:
        """Run the script at a later time and with a given use of the disk; return its warnings.

        Args:
            later: how much later, in the form of `date`. Default: now.
            disk: how much of the disk is in use, in percent.
            started: when the runner was started, in microseconds since the boot. Default: never.
        """
        self.machine.write("/usr/local/sbin/systemctl", f"#!/bin/sh\necho {started}\n", 0o755)
        self.machine.write("/usr/local/sbin/date", DATE.format(later=later), 0o755)
        self.machine.write("/usr/local/sbin/df", f"#!/bin/sh\nprintf 'Use%%%%\\n {disk}%%%%\\n'\n", 0o755)
        done = self.machine.run(PRUNE)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def network(self, name: str, labels: dict[str, str] | None = None) -> None:
        """Create a network, by default as the runner does for a job."""
        self.api.create_network(name, driver="bridge", labels=MANAGED if labels is None else labels)

    def subnets(self, name: str) -> list[str]:
        """The ranges of a network."""
        (network,) = (each for each in self.api.networks() if each["Name"] == name)
        return [each["Subnet"] for each in network["IPAM"]["Config"]]

    def networks(self) -> set[str]:
        """The names of all networks but Docker's own."""
        return {each["Name"] for each in self.api.networks()} - {"bridge", "host", "none"}

    def container(self, *, network: str = "none", volume: str = "", running: bool = False) -> None:
        """Create a container of a job, which has ended or is running."""
        binds = PROGRAMS | ({volume: {"bind": "/cache", "mode": "rw"}} if volume else {})
        configuration = self.api.create_host_config(network_mode=network, binds=binds)
        made = self.api.create_container(
            "job:1", ["/usr/bin/sleep", "60"], labels=MANAGED, host_config=configuration
        )
        self.api.start(made["Id"])
        if not running:
            self.api.kill(made["Id"])
            self.api.wait(made["Id"])

    def serve(self, network: str, version: int) -> str:
        """Start an HTTP server in a network; return its URL, with its address of the version of IP."""
        command = ["/usr/bin/python3", "-m", "http.server", "--bind", "::", "8000"]
        started = self._started(command, network)
        found = self.api.inspect_container(started)["NetworkSettings"]["Networks"][network]
        address = found["IPAddress"] if version == 4 else f"[{found['GlobalIPv6Address']}]"
        return f"http://{address}:8000/"

    def answers(self, address: str, network: str) -> bool:
        """Whether a URL answers a container in a network."""
        curl = ["/usr/bin/curl", "--globoff", "--silent", "--output", "/dev/null", "--max-time", "3", address]
        return bool(self.api.wait(self._started(curl, network))["StatusCode"] == 0)

    def _started(self, command: list[str], network: str) -> str:
        configuration = self.api.create_host_config(network_mode=network, binds=PROGRAMS)
        made = self.api.create_container("job:1", command, labels=MANAGED, host_config=configuration)
        self.api.start(made["Id"])
        return str(made["Id"])

    def images(self) -> set[str]:
        """The names of all images."""
        return {name for image in self.api.images() for name in image["RepoTags"] or ()}

    def volumes(self) -> set[str]:
        """The names of all volumes."""
        return {each["Name"] for each in self.api.volumes()["Volumes"] or ()}

    def clear(self) -> None:
        """Remove everything, and import one image that is not used."""
        for container in self.api.containers(all=True):
            self.api.remove_container(container["Id"], force=True)
        for network in self.networks():
            self.api.remove_network(network)
        for volume in self.volumes():
            self.api.remove_volume(volume)
        for image in self.images():
            self.api.remove_image(image, force=True)
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("empty"))
        self.api.import_image_from_data(content.getvalue(), "job", "1")


@pytest.fixture(scope="module")
def engine(docker: DockerSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrunedHost]:
    """A separate engine. Where the sandbox's runs, this one runs too, unless its settings are wrong."""
    with Machine(tmp_path_factory.mktemp("prune")) as machine:
        host = PrunedHost(machine)
        yield host
        host.api.close()


@pytest.fixture
def host(engine: PrunedHost) -> PrunedHost:
    engine.clear()
    return engine


def test_job_networks_do_not_run_out(host: PrunedHost) -> None:
    for number in range(networks_needed(CONCURRENT) - 1):
        host.network(f"job-{number}")
    made = host.api.networks(filters={"label": [f"{name}={value}" for name, value in MANAGED.items()]})
    ranges = [IPv4Network(each["IPAM"]["Config"][0]["Subnet"]) for each in made]
    assert len(ranges) == 2 * CONCURRENT
    assert all(each.subnet_of(IPv4Network(JOB_NETWORKS)) for each in ranges)


def test_networks_with_ipv6_have_separate_addresses(host: PrunedHost) -> None:
    for name in ("one", "two"):
        host.api.create_network(name, driver="bridge", labels=MANAGED, enable_ipv6=True)
    found = [IPv6Network(each) for name in ("one", "two") for each in host.subnets(name) if ":" in each]
    assert len(found) == 2
    assert not found[0].overlaps(found[1])
    assert all(each.subnet_of(IPv6Network(IPV6_JOB_NETWORKS)) for each in found)


@pytest.mark.parametrize("version", [4, 6], ids=["IPv4", "IPv6"])
def test_a_job_does_not_reach_the_network_of_another_job(host: PrunedHost, version: int) -> None:
    for name in ("one", "two"):
        host.api.create_network(name, driver="bridge", labels=MANAGED, enable_ipv6=True)
    address = host.serve("one", version)
    deadline = time.monotonic() + 30
    while not host.answers(address, "one") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert host.answers(address, "one")
    assert not host.answers(address, "two")


def test_a_leftover_network_of_a_job_is_removed(host: PrunedHost) -> None:
    host.network("left")
    assert host.prune() == ""
    assert host.networks() == {"left"}
    host.prune(later=TOMORROW)
    assert host.networks() == set()
    assert host.prune(later=TOMORROW) == ""


@pytest.mark.parametrize("running", [True, False], ids=["running", "between two stages"])
def test_the_network_of_a_job_is_kept(host: PrunedHost, running: bool) -> None:
    host.network("job")
    host.container(network="job", running=running)
    host.prune(later=TOMORROW)
    assert host.networks() == {"job"}


def test_a_network_that_is_not_of_the_runner_is_kept(host: PrunedHost) -> None:
    host.network("mine", {})
    host.prune(later=TOMORROW)
    assert host.networks() == {"mine"}


def test_images_are_removed_when_the_disk_fills_up(host: PrunedHost) -> None:
    host.prune(disk=69)
    assert host.images() == {"job:1"}
    host.prune(disk=70)
    assert host.images() == set()


def test_no_image_is_removed_while_a_job_may_need_it(host: PrunedHost) -> None:
    host.network("job")
    assert host.prune(disk=89) == ""
    assert host.images() == {"job:1"}


def test_a_disk_that_is_almost_full_is_reported(host: PrunedHost) -> None:
    host.container(running=True)
    assert "the disk is almost full" in host.prune(disk=90)
    assert host.images() == {"job:1"}


def test_volumes_are_removed_after_a_week_without_use(host: PrunedHost) -> None:
    host.api.create_volume("cache")
    host.prune(disk=70)
    assert host.volumes() == {"cache"}
    host.prune(disk=70, later=NEXT_WEEK)
    assert host.volumes() == set()


def test_a_running_container_is_removed_when_its_runner_was_killed(host: PrunedHost) -> None:
    """On a worker, which has no runner, the jobs of the manager's last process may still run."""
    host.container(running=True)
    host.prune(later=TOMORROW)
    assert len(host.api.containers()) == 1
    host.prune(later=TOMORROW, started=int(boot_clock() * 1_000_000))
    assert host.api.containers(all=True) == []


def test_the_volume_of_a_job_is_kept(host: PrunedHost) -> None:
    host.container(volume="cache", running=True)
    host.prune(disk=70, later=NEXT_WEEK)
    assert host.volumes() == {"cache"}
