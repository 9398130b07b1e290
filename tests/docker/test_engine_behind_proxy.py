"""A Docker Engine of a host behind a proxy, with a private certificate authority and user namespaces.

The machine reaches other networks only through the proxy, and the registry is in one of them.
"""

import json
import shlex
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient
from docker.errors import APIError
from pulumi_gitlab_runner.host.files import HostFile, host_files
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.spec import parse_stack

from sandbox.docker import unavailable
from sandbox.docker.engine import SOCKET, DockerEngine
from sandbox.docker.machine import Machine
from sandbox.docker.unavailable import DockerUnavailableError
from tests.authorities import authority, pem
from tests.docker.images import pull
from tests.proxied_network import PORT, ProxiedNetwork
from tests.spec.declaration import ENVIRONMENT

pytestmark = pytest.mark.docker

ADDRESS = "198.51.100.1"
"""Where the proxy listens: containers reach it there too."""
REGISTRY, WEB = "registry.example.com", "web.example.com"
IMAGE = f"{REGISTRY}/team/app:1"
DECLARATION = {
    "gitlab_url": "https://gitlab.example.com",
    "registries": {"own": {"host": REGISTRY, "gitlab": {}}},
    "runners": {"build": {"group": 42, "registries": ["own"], "host": {"user_namespaces": True}}},
    "proxy": {"http": f"http://{ADDRESS}:{PORT}", "jobs": True},
    "certificate_authorities": {"corporate": {"pem": pem(), "hosts": [REGISTRY]}},
}
# The image has no programs: a container runs those of the machine.
PROGRAMS = {path: {"bind": path, "mode": "ro"} for path in ("/usr", "/lib", "/lib64")}


@dataclass(repr=False)
class Host:
    """A machine with the host's files for Docker, and its proxy."""

    machine: Machine
    api: APIClient
    network: ProxiedNetwork
    files: dict[str, HostFile] = field(default_factory=dict)

    def start(self, *command: str, binds: Any = None, **settings: Any) -> str:
        """Start a container that runs a program of the machine; returns its id."""
        host_config = self.api.create_host_config(binds=PROGRAMS | (binds or {}))
        made = self.api.create_container(
            IMAGE, [*command[1:]], entrypoint=[command[0]], host_config=host_config, **settings
        )
        self.api.start(made["Id"])
        identity: str = made["Id"]
        return identity

    def run(self, *command: str, **settings: Any) -> tuple[int, str]:
        """Run a program in a container: its exit status, and what it prints."""
        identity = self.start(*command, **settings)
        status = self.api.wait(identity, timeout=30)["StatusCode"]
        return status, self.api.logs(identity).decode()

    @property
    def jobs_environment(self) -> list[str]:
        """The environment that the runner gives a job."""
        (runner,) = tomllib.loads(self.files["etc/gitlab-runner/config.toml"].content)["runners"]
        environment: list[str] = runner["environment"]
        return environment


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    directory = tmp_path_factory.mktemp("surroundings")
    with ExitStack() as stack:
        try:
            unavailable.check()
            machine = stack.enter_context(Machine(directory / "machine"))
        except DockerUnavailableError as reason:
            pytest.skip(f"no machine for a Docker Engine: {reason}")
        registry_port = stack.enter_context(_Registry(directory / "registry")).port
        web = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), _Web))
        threading.Thread(target=web.serve_forever, daemon=True).start()
        stack.callback(web.shutdown)
        places = {REGISTRY: ("127.0.0.1", registry_port), WEB: ("127.0.0.1", web.server_port)}
        network = ProxiedNetwork(directory / "network", places, machine.network, ADDRESS)
        stack.enter_context(network)
        declared = parse_stack(DECLARATION, ENVIRONMENT)
        manager = declared.managers["build"]
        inputs = ManagerInputs(manager, declared.registries, ENVIRONMENT, "https://gitlab.example.com")
        files = host_files(inputs, HostParameters("/p/s/build"))
        machine.place({path: file for path, file in files.items() if path.startswith("etc/docker/")})
        settings = json.loads(files["etc/docker/daemon.json"].content)
        machine.write("/etc/docker/daemon.json", json.dumps(settings | {"hosts": [f"unix://{SOCKET}"]}))
        environment = dict(
            word.split("=", 1) for word in shlex.split(files["etc/gitlab-runner/environment"].content)
        )
        machine.serve("dockerd", "dockerd", ready=lambda: machine.listens_at(SOCKET), environment=environment)
        api = APIClient(f"unix://{machine.path(SOCKET)}", version="auto", timeout=60)
        stack.callback(api.close)
        DockerEngine(api).publish_tiny(IMAGE, None)
        network.asked.clear()
        pull(DockerEngine(api), IMAGE, None)
        yield Host(machine, api, network, files)


class _Registry:
    """Debian's docker-registry with a certificate of the authority, outside of the machine."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        issued = authority().issue_cert(REGISTRY)
        for name, part in (("cert.pem", issued.cert_chain_pems[0]), ("key.pem", issued.private_key_pem)):
            part.write_to_path(str(directory / name))
        with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as free:
            self.port = free.server_port
        configuration = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(directory / "images")}},
            "http": {
                "addr": f"127.0.0.1:{self.port}",
                "secret": "sandbox",
                "tls": {"certificate": str(directory / "cert.pem"), "key": str(directory / "key.pem")},
            },
        }
        self._configuration = directory / "config.yml"
        self._configuration.write_text(json.dumps(configuration))

    def __enter__(self) -> "_Registry":
        self._process = subprocess.Popen(["docker-registry", "serve", str(self._configuration)])
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait(30)


class _Web(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the web")

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


def test_docker_pulls_through_the_proxy_and_trusts_the_authority(host: Host) -> None:
    assert f"CONNECT {REGISTRY}" in host.network.asked
    assert host.api.images(IMAGE)


def test_a_job_reaches_the_web_only_through_the_proxy(host: Host) -> None:
    fetch = ("/usr/bin/curl", "-sS", "-m", "5", "--resolve", f"{WEB}:80:198.51.100.9", f"http://{WEB}/")
    assert host.run(*fetch, environment=host.jobs_environment) == (0, "the web")
    assert f"GET {WEB}" in host.network.asked
    assert host.run(*fetch)[0] != 0


def test_a_job_reaches_its_services_without_the_proxy(host: Host) -> None:
    before = len(host.network.asked)
    fetch = ("/usr/bin/curl", "-sS", "-m", "5", "--resolve", "docker:80:127.0.0.1", "http://docker/")
    assert host.run(*fetch, environment=host.jobs_environment)[0] == 7  # nothing listens there
    assert len(host.network.asked) == before


def test_root_in_a_job_is_not_root_on_the_host(host: Host) -> None:
    assert host.run("/usr/bin/id", "-u") == (0, "0\n")
    identity = host.start("/usr/bin/sleep", "30")
    pid = host.api.inspect_container(identity)["State"]["Pid"]
    owner = host.machine.run("stat", "--format=%u", f"/proc/{pid}").stdout
    host.api.remove_container(identity, force=True)
    assert int(owner) >= 100000


def test_settings_that_a_preview_refuses_do_not_work(host: Host) -> None:
    for refused in ({"privileged": True}, {"network_mode": "host"}, {"pid_mode": "host"}):
        settings = host.api.create_host_config(**refused)
        with pytest.raises(APIError, match="user namespace"):
            host.api.create_container(IMAGE, host_config=settings)
    host.machine.write("/srv/data/file", "text")
    data = {"/srv/data": {"bind": "/data", "mode": "rw"}}
    assert host.run("/usr/bin/touch", "/data/file", binds=data)[0] == 1
    socket = {SOCKET: {"bind": "/docker.sock", "mode": "ro"}}
    status, printed = host.run(
        "/usr/bin/curl", "-sS", "--unix-socket", "/docker.sock", "http://d/_ping", binds=socket
    )
    assert status != 0, printed


def test_settings_that_a_preview_accepts_work(host: Host) -> None:
    host.machine.write("/srv/data/file", "text")
    data = {"/srv/data": {"bind": "/data", "mode": "ro"}, "cache": {"bind": "/cache", "mode": "rw"}}
    assert host.run("/usr/bin/cat", "/data/file", binds=data) == (0, "text")
    assert host.run("/usr/bin/touch", "/cache/file", binds=data) == (0, "")
