"""A stand-in for GitLab's image of gitlab-runner, with Python and ECR's credential helper."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from pulumi_gitlab_runner.host.scripts import credential_service_directory

from sandbox.docker.archive import PROGRAM, archive
from sandbox.docker.unavailable import DockerUnavailableError

RUNNER = Path(__file__).with_name("runner_image.sh")
_LIBRARY = re.compile(r"(/\S+) \(0x")
_LOADED = """
import importlib, importlib.util, json, pkgutil, runpy, sys, textwrap
sys.path.insert(0, sys.argv[1])
importlib.import_module("credentials.__main__")
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(json.dumps([file for file in files if file]))
"""


def runner_image(helper: Path) -> bytes:
    """The file system of the image, as a tar archive: Busybox, the runner, Python, and ECR's helper.

    Raises:
        DockerUnavailableError: Busybox is not installed.
    """
    busybox = shutil.which("busybox")
    if busybox is None:
        raise DockerUnavailableError("not installed: busybox-static")
    applets = subprocess.run([busybox, "--list-full"], capture_output=True, text=True, check=True).stdout
    programs = {
        **_python_files(),
        "bin/busybox": Path(busybox),
        "usr/bin/gitlab-runner": RUNNER,
        "usr/bin/docker-credential-ecr-login": helper,
    }
    links = dict.fromkeys(sorted(set(applets.split()) - programs.keys()), "/bin/busybox")
    files = {path: (program.read_bytes(), PROGRAM) for path, program in programs.items()}
    return archive(files, directories=("tmp", "run", "root"), links=links)


def _python_files() -> dict[str, Path]:
    """The files of Python that `gitlab-runner-credentials` needs, by their path relative to the root."""
    interpreter = Path(sys.executable).resolve()
    standard = Path(sysconfig.get_path("stdlib"))
    command = [sys.executable, "-I", "-S", "-c", _LOADED, str(credential_service_directory().parent)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    modules = [file for file in map(Path, json.loads(loaded)) if file.is_relative_to(standard)]
    version = f"usr/lib/python{sys.version_info.major}.{sys.version_info.minor}"
    # The interpreter finds its library by these two.
    modules += [standard / "os.py", *standard.glob("lib-dynload/_json.*")]
    files = {f"{version}/{file.relative_to(standard)}": file for file in modules}
    compiled = [interpreter, *(file for file in modules if file.suffix == ".so")]
    return {"usr/bin/python3": interpreter, **files, **shared_libraries(compiled)}


def shared_libraries(programs: Iterable[Path]) -> dict[str, Path]:
    """The shared libraries of programs, by their path; none for a static program."""
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    return {path.lstrip("/"): Path(path) for path in _LIBRARY.findall(listed)}
