"""Why there can be no Docker Engine here."""

import os
import shutil
import sys
from importlib.util import find_spec

from sandbox.errors import SandboxError

PROGRAMS = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "docker-registry": "docker-registry",
    "ip": "iproute2",
    "iptables": "iptables",
    "jq": "jq",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}
"""The programs that are needed, and the Debian package of each."""

PYTHON_PACKAGES = ("awscli", "bcrypt", "joserfc")
"""The AWS command line as on runner hosts, and the tools that registries need for passwords and tokens."""


class DockerUnavailableError(SandboxError):
    """There can be no Docker Engine of the sandbox here; the message says why, in one line."""


def check() -> None:
    """Check that everything is there that a Docker Engine of the sandbox needs.

    Raises:
        DockerUnavailableError: something is missing.
    """
    if sys.platform != "linux":
        raise DockerUnavailableError("a Docker Engine of the sandbox's own needs Linux")
    if os.geteuid() != 0:
        raise DockerUnavailableError("a Docker Engine of the sandbox's own needs root")
    missing = {package for program, package in PROGRAMS.items() if shutil.which(program) is None}
    if missing:
        raise DockerUnavailableError(f"not installed: {', '.join(sorted(missing))}")
    lacking = [package for package in PYTHON_PACKAGES if find_spec(package) is None]
    if lacking:
        raise DockerUnavailableError(f"not installed as Python packages: {', '.join(lacking)}")
