"""The official download, from a server on loopback that holds files of the same names and form."""

import hashlib
import io
import platform
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.engine import download
from sandbox.engine.release import VERSION_TEXT, WayFailedError
from sandbox.progress import Step

PULUMI = f"#!/bin/sh\necho v{VERSION_TEXT}\n".encode()
NAME = f"pulumi-v{VERSION_TEXT}-linux-x64.tar.gz"
CHECKSUMS = f"pulumi-{VERSION_TEXT}-checksums.txt"


class Mirror:
    """A server of releases; `files` maps a name to its content, or to a function that answers."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | Callable[[BaseHTTPRequestHandler], None]] = {}
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = mirror.files.get(self.path.removeprefix("/releases/sdk/"))
                if content is None:
                    self.send_error(404)
                elif isinstance(content, bytes):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                else:
                    content(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/releases/sdk"

    def publish(self, name: str, archive: bytes, *, checksum: str | None = None) -> None:
        self.files[name] = archive
        stated = checksum or hashlib.sha256(archive).hexdigest()
        self.files[CHECKSUMS] = f"{'0' * 64}  pulumi-v0-other.zip\n{stated}  {name}\n".encode()


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    mirror = Mirror()
    thread = threading.Thread(target=mirror.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("SANDBOX_ENGINE_MIRROR", mirror.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    yield mirror
    mirror.server.shutdown()
    thread.join()
    mirror.server.server_close()


def tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def fetch(directory: Path) -> Path:
    return download.download(directory, Step("engine", ""))


def test_the_archive_is_checked_and_unpacked(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish(NAME, tar({"pulumi/pulumi": PULUMI, "pulumi/pulumi-language-python": b"host"}))
    binaries = fetch(tmp_path)
    assert (binaries / "pulumi").read_bytes() == PULUMI
    assert (binaries / "pulumi").stat().st_mode & 0o111 == 0o111
    assert (binaries / "pulumi-language-python").read_bytes() == b"host"
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize(
    ("system", "machine", "target"),
    [
        ("Linux", "x86_64", "linux-x64.tar.gz"),
        ("Linux", "aarch64", "linux-arm64.tar.gz"),
        ("Darwin", "x86_64", "darwin-x64.tar.gz"),
        ("Darwin", "arm64", "darwin-arm64.tar.gz"),
    ],
)
def test_names_of_archives(system: str, machine: str, target: str) -> None:
    assert download.archive_name(system, machine) == f"pulumi-v3.258.0-{target}"


def test_a_platform_without_a_release() -> None:
    with pytest.raises(WayFailedError, match="there is no release for FreeBSD on riscv64"):
        download.archive_name("FreeBSD", "riscv64")


def test_a_wrong_checksum_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish(NAME, tar({"pulumi/pulumi": PULUMI}), checksum="ab" * 32)
    with pytest.raises(WayFailedError, match=f"has the SHA-256 [0-9a-f]{{64}}, but {'ab' * 32} is published"):
        fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_without_a_checksum_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish("pulumi-v3.258.0-linux-arm64.tar.gz", b"")
    mirror.files[NAME] = tar({"pulumi/pulumi": PULUMI})
    with pytest.raises(WayFailedError, match=f"has no checksum for {NAME}"):
        fetch(tmp_path)


@pytest.mark.parametrize("missing", [NAME, CHECKSUMS])
def test_a_missing_file_is_named(mirror: Mirror, tmp_path: Path, missing: str) -> None:
    mirror.publish(NAME, tar({"pulumi/pulumi": PULUMI}))
    del mirror.files[missing]
    with pytest.raises(WayFailedError, match=f"/{missing}: HTTP status 404"):
        fetch(tmp_path)


def test_an_incomplete_download_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    archive = tar({"pulumi/pulumi": PULUMI})
    mirror.publish(NAME, archive)

    def half(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(archive)))
        request.end_headers()
        request.wfile.write(archive[: len(archive) // 2])

    mirror.files[NAME] = half
    with pytest.raises(WayFailedError, match=f"the connection ended after {len(archive) // 2} of"):
        fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_an_archive_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish(NAME, b"<html>sign in to the network</html>")
    with pytest.raises(WayFailedError, match="cannot be unpacked"):
        fetch(tmp_path)


@pytest.mark.parametrize("name", ["../outside", "pulumi/../../outside", "/tmp/sandbox-test-outside"])
def test_an_archive_cannot_write_outside_its_folder(mirror: Mirror, tmp_path: Path, name: str) -> None:
    mirror.publish(NAME, tar({name: b"harm"}))
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(WayFailedError, match="leads out of its folder"):
        fetch(inner)
    assert list(tmp_path.iterdir()) == [inner]


@pytest.mark.parametrize("silent", [NAME, CHECKSUMS])
def test_a_silent_server_times_out(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    timed_out = threading.Event()
    mirror.publish(NAME, tar({"pulumi/pulumi": PULUMI}))
    mirror.files[silent] = lambda request: timed_out.wait(30) and None
    monkeypatch.setattr(download, "TIMEOUT_S", 0.2)
    began = time.monotonic()
    with pytest.raises(WayFailedError, match=r"no answer within 0\.2 s"):
        fetch(tmp_path)
    timed_out.set()
    assert time.monotonic() - began < 5


def test_a_machine_without_internet_access_fails_quickly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_ENGINE_MIRROR", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    began = time.monotonic()
    with pytest.raises(WayFailedError, match=r"http://127.0.0.1:1/.*: .*refused"):
        fetch(tmp_path)
    assert time.monotonic() - began < 5


def test_only_web_addresses_are_mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_ENGINE_MIRROR", "file:///etc")
    with pytest.raises(WayFailedError, match="file:///etc is not an https:// or http:// address"):
        fetch(tmp_path)
