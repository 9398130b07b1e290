"""A stand-in for GitLab's image of gitlab-runner, with Python and ECR's credential helper."""

import shutil
import subprocess
from pathlib import Path

from sandbox.docker.archive import PROGRAM, archive
from sandbox.docker.python_files import python_files
from sandbox.docker.unavailable import DockerUnavailableError

RUNNER = Path(__file__).with_name("runner_image.sh")


def runner_image(helper: Path) -> bytes:
    """The file system of the image, as a tar archive: Busybox, the runner, Python, and the helper.

    Args:
        helper: the credential helper of ECR, which is statically linked.

    Raises:
        DockerUnavailableError: Busybox is not installed.
    """
    busybox = shutil.which("busybox")
    if busybox is None:
        raise DockerUnavailableError("not installed: busybox-static")
    applets = subprocess.run([busybox, "--list-full"], capture_output=True, text=True, check=True).stdout
    programs = {
        **python_files(),
        "bin/busybox": Path(busybox),
        "usr/bin/gitlab-runner": RUNNER,
        "usr/bin/docker-credential-ecr-login": helper,
    }
    links = dict.fromkeys(sorted(set(applets.split()) - programs.keys()), "/bin/busybox")
    files = {path: (program.read_bytes(), PROGRAM) for path, program in programs.items()}
    return archive(files, directories=("tmp", "run", "root"), links=links)
