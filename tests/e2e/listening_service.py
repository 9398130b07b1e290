"""A service that only listens: the runner waits for its port, and a job connects to it."""

import json

from tests.e2e.small_system import program, small_system

CONFIG = "service.json"


def listening_service(port: int) -> tuple[bytes, list[str]]:
    """The file system of an image that listens on a port, and its Dockerfile instructions.

    Args:
        port: the port.
    """
    # Any server would do; docker-registry is a prerequisite of the Docker part of the sandbox.
    registry = {"version": 0.1, "storage": {"inmemory": {}}, "http": {"addr": f":{port}"}}
    system = small_system({CONFIG: json.dumps(registry)}, {"usr/bin/server": program("docker-registry")})
    return system, [f"EXPOSE {port}", f'ENTRYPOINT ["/usr/bin/server", "serve", "/{CONFIG}"]']
