"""A fresh Debian 12 below a directory, in which a command runs as on a machine of its own."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.lock import exclusive
from sandbox.paths import CHECKOUT

SUITE = "bookworm"
PROGRAMS = {"apt-get": "apt", "debootstrap": "debootstrap", "gpg": "gnupg", "unshare": "util-linux"}
DEVICES = CHECKOUT / "sandbox" / "docker" / "devices.sh"
ARCHIVES = "/var/cache/apt/archives"
COMMAND_TIMEOUT_S = 300
_ENTER = """
mount -t proc proc "$1/proc"
. "$2"
private_devices "$1"
cd "$1"
shift 2
exec chroot . "$@"
"""


class NoDebianRootError(SandboxError):
    """There can be no Debian root here; the message has the reason, in one line."""


class DebianRoot:
    """A root file system of its own; processes and the network's addresses are shared with this machine.

    Args:
        cache: where the file system and packages are kept, so that they are fetched once.
        directory: where it is created; must not exist.

    Raises:
        NoDebianRootError: it cannot be created here.
    """

    def __init__(self, cache: Path, directory: Path) -> None:
        self._check()
        self._kept = cache / "packages"
        self._kept.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.network: Path | None = None
        """The network namespace that commands run in. Default: that of this machine."""
        subprocess.run(["cp", "-a", str(_fetched(cache)), str(directory)], check=True)
        self._packages = self.path(ARCHIVES)
        _copy_new(self._kept, self._packages)
        # The root is temporary: nothing in it needs to survive a power failure.
        self.write("/etc/dpkg/dpkg.cfg.d/throw-away", "force-unsafe-io\n")
        if self.run("true").returncode != 0:
            raise NoDebianRootError("this machine allows no namespaces")

    def path(self, inside: str) -> Path:
        """The path of one of its files from outside."""
        return self.directory / inside.lstrip("/")

    def write(self, inside: str, content: str, mode: int = 0o644) -> None:
        """Write one of its files, and create the directories above."""
        file = self.path(inside)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)

    def run(self, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in it as root, and keep the packages that it fetched.

        `options` are those of `subprocess.run`.
        """
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", _ENTER, "enter"]
        if self.network:
            enter = ["nsenter", f"--net={self.network}", *enter]
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
        }
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [*enter, str(self.directory), str(DEVICES), *command],
            **{
                "capture_output": True,
                "text": True,
                "timeout": COMMAND_TIMEOUT_S,
                **options,
                "env": environment | options.get("env", {}),
            },
        )
        _copy_new(self._packages, self._kept)
        return done

    @staticmethod
    def _check() -> None:
        if os.geteuid() != 0:
            raise NoDebianRootError("a Debian root needs root")
        missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
        if missing:
            raise NoDebianRootError(f"not installed: {', '.join(missing)}")


def _fetched(cache: Path) -> Path:
    """The file system that every root is a copy of; at first fetched from this machine's own mirror."""
    kept = cache / SUITE
    with exclusive(cache / "lock", lambda: None):
        if kept.exists():
            return kept
        partial = cache / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", SUITE, str(partial), _mirror()],
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise NoDebianRootError(f"debootstrap failed: {done.stdout.strip().splitlines()[-1:]}")
        shutil.copytree("/etc/apt/apt.conf.d", partial / "etc/apt/apt.conf.d", dirs_exist_ok=True)
        # The image of a container deletes packages as soon as they are installed.
        (partial / "etc/apt/apt.conf.d/docker-clean").unlink(missing_ok=True)
        for package in (partial / ARCHIVES[1:]).glob("*.deb"):  # they are installed, and no boot fetches them
            package.unlink()
        partial.rename(kept)
    return kept


def _copy_new(source: Path, target: Path) -> None:
    """Copy the packages that are missing. apt locks a directory of packages, so each root has its own."""
    for package in source.glob("*.deb"):
        if not (target / package.name).exists():
            written = target / f"{package.name}.{os.getpid()}"
            shutil.copyfile(package, written)
            written.rename(target / package.name)


def _mirror() -> str:
    """The mirror that this machine's own packages come from."""
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    for target in targets.splitlines():
        release, _, mirror = target.partition(" ")
        if release == SUITE:
            return mirror
    raise NoDebianRootError("this machine's own packages do not come from a mirror of Debian 12")
