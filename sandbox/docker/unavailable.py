"""The check whether the sandbox's Docker Engine can run here."""

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
"""The required programs, and the Debian package of each."""

PYTHON_PACKAGES = ("awscli", "bcrypt")
"""The AWS CLI as on runner hosts, and the library for the passwords of registries."""


class DockerUnavailableError(SandboxError):
    """The sandbox's Docker Engine cannot run here; the message is one line."""


def check() -> None:
    """Raise `DockerUnavailableError` if a prerequisite of the sandbox's Docker Engine is missing."""
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
