"""The image in which gitlab-runner prepares a job, made of the runner itself instead of being downloaded.

What must be in it: gitlab-runner, dockerfiles/runner-helper; its name: helpers/container/helperimage. An
image that is there under that name is not pulled: executors/docker/docker.go.
"""

import platform
import re
import subprocess
from pathlib import Path

from sandbox.docker.engine import DockerEngine
from sandbox.e2e.small_system import small_system
from sandbox.errors import SandboxError

NAME = "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper"
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}
BUILD = "#!/usr/bin/bash\numask 0000\nexec /usr/bin/bash\n"
_VERSION = re.compile(r"^Version:\s+(\S+)", re.MULTILINE)


def publish_helper_image(engine: DockerEngine, runner: Path) -> None:
    """Make the helper image of a runner, where its engine looks for it.

    Args:
        engine: the engine.
        runner: the runner's program, which has the helper's commands too.
    """
    said = subprocess.run([runner, "--version"], capture_output=True, text=True, check=False).stdout
    version = _VERSION.search(said)
    if version is None:
        raise SandboxError(f"{runner} --version names no version")
    architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
    system = small_system(
        {"usr/bin/gitlab-runner-build": BUILD}, {"usr/bin/gitlab-runner-helper": runner.resolve()}
    )
    engine.import_image(f"{NAME}:{architecture}-v{version[1]}", system)
