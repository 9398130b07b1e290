"""The official download of the engine.

Names and layout are those of Pulumi's releases: `https://get.pulumi.com/releases/sdk/` holds
`pulumi-vVERSION-OS-ARCH.tar.gz`, with everything in the folder `pulumi`, and `pulumi-VERSION-checksums.txt`
with a line `SHA256  NAME` for each (pulumi/pulumi, `.goreleaser.yml` and `.github/workflows/sign.yml`).
"""

import hashlib
import os
import platform
import shutil
import tarfile
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import cast

from sandbox.engine.release import VERSION_TEXT, WayFailedError
from sandbox.progress import Step

OFFICIAL = "https://get.pulumi.com/releases/sdk"
TIMEOUT_S = 4.0
CHUNK_BYTES = 1 << 20

SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
MACHINES = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def archive_name(system: str, machine: str) -> str:
    """Return the name of the archive for a platform: `platform.system()` and `platform.machine()`.

    Raises:
        WayFailedError: Pulumi has no release for the platform.
    """
    try:
        target = f"{SYSTEMS[system]}-{MACHINES[machine]}"
    except KeyError:
        raise WayFailedError(f"there is no release for {system} on {machine}") from None
    return f"pulumi-v{VERSION_TEXT}-{target}.tar.gz"


def download(directory: Path, step: Step) -> Path:
    """Download the engine, verify it, and unpack it below `directory`; return the folder of the executables.

    `SANDBOX_ENGINE_MIRROR` is the URL of a mirror with the same files.

    Raises:
        WayFailedError: the server does not respond within seconds, or the checksum differs.
    """
    base = os.environ.get("SANDBOX_ENGINE_MIRROR", OFFICIAL).rstrip("/")
    if not base.startswith(("https://", "http://")):
        raise WayFailedError(f"{base} is not an https:// or http:// address")
    name = archive_name(platform.system(), platform.machine())
    step.now(f"downloading {base}/{name}")
    expected = _published_checksum(base, name)
    archive = directory / name
    try:
        actual = _fetch(f"{base}/{name}", archive, step)
        if actual != expected:
            raise WayFailedError(
                f"{base}/{name} has the SHA-256 {actual}, but {expected} is published for it"
            )
        step.now("unpacking")
        _unpack(archive, directory)
    finally:
        archive.unlink(missing_ok=True)
    return directory / "pulumi"


def explain_unreachable(url: str) -> str | None:
    """Return why a URL is unreachable within seconds; None if the server responds, with any status."""
    try:
        _small_file(url)
    except WayFailedError as failure:
        return None if isinstance(failure.__cause__, urllib.error.HTTPError) else str(failure)
    return None


def _published_checksum(base: str, name: str) -> str:
    url = f"{base}/pulumi-{VERSION_TEXT}-checksums.txt"
    for line in _small_file(url).splitlines():
        checksum, _, file = line.partition(" ")
        if file.strip() == name:
            return checksum.lower()
    raise WayFailedError(f"{url} has no checksum for {name}")


def _small_file(url: str) -> str:
    """Return the content of `url`, or fail within seconds: the first request on a machine without internet.

    In a thread, because the lookup of a host name has no timeout.
    """
    outcome: SimpleQueue[str | WayFailedError] = SimpleQueue()

    def fetch() -> None:
        try:
            with _open(url) as response:
                outcome.put(response.read(CHUNK_BYTES).decode("utf-8", "replace"))
        except (OSError, HTTPException) as error:
            failure = WayFailedError(_explain(url, error))
            failure.__cause__ = error
            outcome.put(failure)

    Thread(target=fetch, daemon=True).start()
    try:
        answer = outcome.get(timeout=2 * TIMEOUT_S)
    except Empty:
        answer = WayFailedError(_explain(url, TimeoutError()))
    if isinstance(answer, WayFailedError):
        raise answer
    return answer


def _fetch(url: str, file: Path, step: Step) -> str:
    """Write the content of `url` to `file`, and return its SHA-256."""
    digest = hashlib.sha256()
    received = 0
    try:
        with _open(url) as response, file.open("wb") as output:
            size = int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(CHUNK_BYTES):
                output.write(chunk)
                digest.update(chunk)
                received += len(chunk)
                step.now(f"downloading, {received >> 20} of {size >> 20} MiB")
    except (OSError, HTTPException) as error:
        raise WayFailedError(_explain(url, error)) from error
    if size and received < size:
        raise WayFailedError(f"{url}: the connection ended after {received} of {size} bytes")
    return digest.hexdigest()


def _open(url: str) -> HTTPResponse:
    return cast("HTTPResponse", urllib.request.urlopen(url, timeout=TIMEOUT_S))  # noqa: S310 (checked in `download`)


def _explain(url: str, error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"{url}: HTTP status {error.code}"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"{url}: no answer within {TIMEOUT_S:g} s"
    return f"{url}: {reason}"


def _unpack(archive: Path, directory: Path) -> None:
    """Unpack the regular files into `directory`; refuse names in the archive that lead out of it."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is None:
                    continue
                target = (directory / member.name).resolve()
                if not target.is_relative_to(directory.resolve()):
                    raise WayFailedError(
                        f"{archive.name} holds {member.name!r}, which leads out of its folder"
                    )
                target.parent.mkdir(parents=True, exist_ok=True)
                with content, target.open("wb") as output:
                    shutil.copyfileobj(content, output)
                target.chmod(member.mode & 0o755)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise WayFailedError(f"{archive.name} cannot be unpacked: {error}") from error
