"""The helper image of gitlab-runner, built from the runner itself instead of being downloaded.

Its contents: gitlab-runner, dockerfiles/runner-helper; its name: helpers/container/helperimage. A local image
with that name is not pulled: executors/docker/docker.go.
"""

import platform
import re
import subprocess
from pathlib import Path

from sandbox.docker.engine import DockerEngine
from sandbox.errors import SandboxError
from tests.e2e.small_system import small_system

NAME = "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper"
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}
BUILD = "#!/usr/bin/bash\numask 0000\nexec /usr/bin/bash\n"
_VERSION = re.compile(r"^Version:\s+(\S+)", re.MULTILINE)


def publish_helper_image(engine: DockerEngine, runner: Path) -> None:
    """Import the helper image of a runner under the name that the runner uses.

    Args:
        engine: the engine.
        runner: the runner's executable, which has the helper's commands too.
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
