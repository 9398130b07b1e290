"""The metrics of a runner with a real Docker Engine: reachable from the host and its VPC, and from no job."""

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator

import pytest
from docker import APIClient
from pulumi_gitlab_runner.host.docker_daemon import docker_daemon_config
from pulumi_gitlab_runner.host.programs import FETCHING
from pulumi_gitlab_runner.host.scripts import script

from sandbox.docker.engine import SOCKET
from sandbox.docker.machine import Machine
from sandbox.docker.sandbox import DockerSandbox
from tests.docker.test_job_networks import PROGRAMS

pytestmark = pytest.mark.docker

FIREWALL = "/usr/local/sbin/gitlab-runner-firewall"
SERVED, OTHER = 9252, 9253
HOST, NEIGHBOUR = "203.0.113.1", "203.0.113.2"
"""Addresses in the VPC, which is a pair of interfaces here; the neighbour is another runner host."""


class RunnerHostWithMetrics:
    """A machine with Docker, in a VPC with another one; both serve metrics, and another port."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        settings = json.loads(docker_daemon_config(4, "10.98.0.0/21"))
        machine.write("/etc/docker/daemon.json", json.dumps(settings | {"hosts": [f"unix://{SOCKET}"]}))
        machine.write("/etc/gitlab-runner-host", "")
        machine.write("/etc/gitlab-runner/reporting", f"METRICS_PORT={SERVED}\n")
        for path, name in FETCHING.items():
            machine.write(f"/{path}", script(name), 0o755)
        machine.write(FIREWALL, script("gitlab-runner-firewall.sh"), 0o755)
        machine.serve("dockerd", "dockerd", ready=lambda: machine.listens_at(SOCKET))
        self.api = APIClient(f"unix://{machine.path(SOCKET)}", version="auto", timeout=60)
        self.api.create_network("job", driver="bridge")
        self._neighbour()
        for port in (SERVED, OTHER):
            serve = ("python3", "-m", "http.server", "--directory", "/usr/share/doc", str(port))
            machine.serve(f"host-{port}", *serve, ready=lambda port=port: self.reaches_itself(port))  # type: ignore[misc]
            netns = ("ip", "netns", "exec", "neighbour")
            machine.serve(f"neighbour-{port}", *netns, *serve, ready=lambda port=port: self.reaches_vpc(port))  # type: ignore[misc]

    def _neighbour(self) -> None:
        for command in (
            "ip netns add neighbour",
            "ip link add vpc0 type veth peer name vpc1 netns neighbour",
            f"ip address add {HOST}/24 dev vpc0",
            "ip link set vpc0 up",
            f"ip -n neighbour address add {NEIGHBOUR}/24 dev vpc1",
            "ip -n neighbour link set vpc1 up",
            "ip -n neighbour link set lo up",
        ):
            self.machine.run(*command.split(), check=True)

    def gateway(self) -> str:
        """The host's address in the network of a job."""
        (network,) = self.api.networks(names=["job"])
        return str(network["IPAM"]["Config"][0]["Gateway"])

    def job_reaches(self, address: str, port: int) -> bool:
        """Whether a job gets an answer."""
        command = ["/usr/bin/curl", "-s", "-o", "/dev/null", "-m", "5", f"http://{address}:{port}/"]
        made = self.api.create_container(
            "job:1", command, host_config=self.api.create_host_config(network_mode="job", binds=PROGRAMS)
        )
        self.api.start(made["Id"])
        answered = self.api.wait(made["Id"])["StatusCode"] == 0
        self.api.remove_container(made["Id"])
        return bool(answered)

    def reaches_vpc(self, port: int) -> bool:
        """Whether the host gets an answer from its neighbour."""
        return self._request(NEIGHBOUR, port).returncode == 0

    def reached_from_vpc(self, port: int) -> bool:
        """Whether the neighbour gets an answer from the host."""
        return self._request(HOST, port, "ip", "netns", "exec", "neighbour").returncode == 0

    def reaches_itself(self, port: int) -> bool:
        """Whether the host gets an answer from itself."""
        return self._request("127.0.0.1", port).returncode == 0

    def _request(self, address: str, port: int, *netns: str) -> subprocess.CompletedProcess[str]:
        return self.machine.run(
            *netns, "curl", "-s", "-o", "/dev/null", "-m", "5", f"http://{address}:{port}/"
        )


@pytest.fixture(scope="module")
def host(docker: DockerSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerHostWithMetrics]:
    with Machine(tmp_path_factory.mktemp("metrics")) as machine:
        made = RunnerHostWithMetrics(machine)
        made.api.import_image_from_data(_empty_archive(), "job", "1")
        yield made
        made.api.close()


def _empty_archive() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    return content.getvalue()


def test_the_metrics_are_reachable_except_from_jobs(host: RunnerHostWithMetrics) -> None:
    destinations = [
        (address, port) for address in (host.gateway(), HOST, NEIGHBOUR) for port in (SERVED, OTHER)
    ]
    assert [host.job_reaches(*each) for each in destinations] == [True] * 6, "without the rules"
    for _ in range(2):
        assert host.machine.run(FIREWALL).returncode == 0
    assert {each: host.job_reaches(*each) for each in destinations} == {
        each: each[1] == OTHER for each in destinations
    }
    for reaches in (host.reaches_itself, host.reaches_vpc, host.reached_from_vpc):
        assert (reaches(SERVED), reaches(OTHER)) == (True, True)
