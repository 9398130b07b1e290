"""A package repository with stand-ins for gitlab-runner and its helper images, signed as GitLab's is."""

import hashlib
import subprocess
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

_CONTROL = """Package: {name}
Version: {version}-1
Architecture: all
Maintainer: nobody <nobody@example.com>
Description: stands in for {name}
"""
_RUNNER = """#!/bin/sh
[ "$1" = lint ]
"""
# As the real package does, it starts the runner as soon as it is installed.
_AFTER_INSTALLATION = """#!/bin/sh
set -e
mkdir -p /etc/systemd/system
echo '[Service]' >/etc/systemd/system/gitlab-runner.service
systemctl start gitlab-runner
"""


def publish(directory: Path, version: str, home: Path) -> str:
    """Create the repository; return the fingerprint of its key.

    Args:
        directory: the repository; its key is `gpgkey`, and `debian/` what apt reads.
        version: that of both packages.
        home: an empty directory for the key.
    """
    pool = directory / "debian" / "pool"
    pool.mkdir(parents=True)
    entries = [
        _package(pool, "gitlab-runner", version, {"usr/bin/gitlab-runner": _RUNNER}, _AFTER_INSTALLATION),
        _package(pool, "gitlab-runner-helper-images", version, {}, ""),
    ]
    release = directory / "debian/dists/bookworm"
    for architecture in ("amd64", "arm64"):
        index = release / f"main/binary-{architecture}/Packages"
        index.parent.mkdir(parents=True)
        index.write_text("\n".join(entries))
    known = "".join(
        f" {_digest(file)} {file.stat().st_size} {file.relative_to(release)}\n"
        for file in sorted(release.rglob("Packages"))
    )
    names = "Suite: bookworm\nCodename: bookworm\nComponents: main\nArchitectures: amd64 arm64"
    content = f"{names}\nDate: {format_datetime(datetime.now(UTC), usegmt=True)}\nSHA256:\n{known}"
    return _sign(directory, release, content, home)


def _package(pool: Path, name: str, version: str, files: dict[str, str], after: str) -> str:
    """Build a package; return its entry in the index."""
    tree = pool / name
    control = _CONTROL.format(name=name, version=version)
    for path, content in {"DEBIAN/control": control, "DEBIAN/postinst": after, **files}.items():
        if content:
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(content)
            (tree / path).chmod(0o644 if path.endswith("control") else 0o755)
    built = pool / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", "-Znone", str(tree), str(built)], check=True, capture_output=True)
    return f"{control}Filename: pool/{name}.deb\nSize: {built.stat().st_size}\nSHA256: {_digest(built)}\n"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _sign(directory: Path, release: Path, content: str, home: Path) -> str:
    home.mkdir(mode=0o700)

    def gpg(*arguments: str) -> str:
        command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", "", *arguments]
        return subprocess.run(
            command, input=content, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    try:
        gpg("--quick-generate-key", "packages@example.com", "ed25519", "sign")
        (directory / "gpgkey").write_text(gpg("--armor", "--export"))
        (release / "InRelease").write_text(gpg("--clearsign"))
        shown = gpg("--list-keys", "--with-colons").splitlines()
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, timeout=60)
    return next(line.split(":")[9] for line in shown if line.startswith("fpr:"))
