"""A stand-in for GitLab's image of gitlab-runner, with Python and ECR's credential helper."""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

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
    return _archive(programs, set(applets.split()) - programs.keys())


def _archive(programs: Mapping[str, Path], applets: set[str]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for directory in ("tmp", "run", "root"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for path, program in programs.items():
            data = program.read_bytes()
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
        for applet in sorted(applets):
            entry = tarfile.TarInfo(applet)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/bin/busybox"
            archive.addfile(entry)
    return content.getvalue()
