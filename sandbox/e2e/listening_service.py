"""A service that does no more than listen: what a runner waits for, and a job connects to."""

import json

from sandbox.e2e.small_system import program, small_system

CONFIG = "service.json"


def listening_service(port: int) -> tuple[bytes, list[str]]:
    """The file system of an image that listens, and what a Dockerfile would say of it.

    Args:
        port: what it listens on.
    """
    # Any server would do; a registry's is on every machine that the Docker part of the sandbox runs on.
    registry = {"version": 0.1, "storage": {"inmemory": {}}, "http": {"addr": f":{port}"}}
    system = small_system({CONFIG: json.dumps(registry)}, {"usr/bin/server": program("docker-registry")})
    return system, [f"EXPOSE {port}", f'ENTRYPOINT ["/usr/bin/server", "serve", "/{CONFIG}"]']
