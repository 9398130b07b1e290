"""``python -m sandbox.docker --port PORT``: run the Docker part of the sandbox until the process is stopped.

The sandbox's directory then contains `docker/engine.sock`, the Docker Engine's socket, and
`docker/authority.pem`, the CA certificate of its registries. They are reached through the proxy at the port.
"""

import argparse
import signal
import sys
from pathlib import Path

from sandbox.docker.engine import SOCKET
from sandbox.docker.gateway import Gateway
from sandbox.docker.prepare import prepare
from sandbox.docker.registry import Credentials, Registry
from sandbox.docker.runner_image import runner_image
from sandbox.docker.sandbox import HUB, DockerSandbox, ecr, private, public
from sandbox.errors import SandboxError
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress
from sandbox.services.aws import ACCOUNT

TEAM = ecr(ACCOUNT, "eu-west-1", "198.51.100.2")
LEGACY = Registry("registry.example.com:5000", "198.51.100.4", Credentials("my_username", "sandbox-password"))
"""The registry with the user and password that the stack `docker` declares."""
IMAGES = (
    private(TEAM, "private/image:2026.11"),
    private(TEAM, "ci/base:2026.11"),
    private(LEGACY, "tools/linter:1"),
    public("postgres:latest"),
    public("redis:latest"),
)
RUNNER_IMAGE = "gitlab/gitlab-runner:alpine-v19.3.0"


def main() -> None:
    """Run it, with the proxy on the given port."""
    parser = argparse.ArgumentParser(prog="sandbox.docker", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="the port on 127.0.0.1")
    port = parser.parse_args().port
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    directory = sandbox_directory() / "docker"
    try:
        helper = prepare(sandbox_directory(), Progress())
        with DockerSandbox(directory, helper, IMAGES) as docker:
            aws = docker.environment["AWS_ENDPOINT_URL"]
            system, changes = runner_image(helper), [f"ENV AWS_ENDPOINT_URL={aws}"]
            docker.engine.publish(f"{HUB.host}/{RUNNER_IMAGE}", None, system, changes)
            _link(directory / "engine.sock", docker.machine.path(SOCKET))
            (directory / "authority.pem").write_bytes(docker.authority)
            with Gateway(port, docker.machine.network, docker.addresses) as gateway:
                gateway.serve_forever()
    except SandboxError as error:
        sys.exit(str(error))


def _link(place: Path, target: Path) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to(target)


if __name__ == "__main__":
    main()
