"""A registry in memory, with the parts of the distribution API that copies use; it checks what it is sent.

Source: the OCI distribution specification 1.1.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from urllib.parse import parse_qs, urlsplit


@dataclass
class Repositories:
    """The content: blobs and manifests by repository and digest, and the digests of tags."""

    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    uploads: Iterator[int] = field(default_factory=count)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    kept: Repositories

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        path = url.path.removeprefix("/v2/")
        if not path:
            self.answer(200)
        elif "/blobs/uploads/" in path:
            self.upload(path.partition("/blobs/uploads/")[0], asked, content)
        elif "/blobs/" in path:
            repository, _, digest = path.partition("/blobs/")
            found = self.kept.blobs.get((repository, digest))
            self.answer(404) if found is None else self.answer(200, found)
        else:
            repository, _, reference = path.partition("/manifests/")
            self.manifest(
                repository, self.kept.tags.get((repository, reference), reference), reference, content
            )

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def upload(self, repository: str, asked: dict[str, str], content: bytes) -> None:
        mounted = self.kept.blobs.get((asked.get("from", ""), asked.get("mount", "")))
        if self.command == "POST" and mounted is not None:
            self.kept.blobs[repository, asked["mount"]] = mounted
            self.answer(201)
        elif self.command == "POST":
            host, number = self.headers["Host"], next(self.kept.uploads)
            self.answer(202, Location=f"http://{host}/v2/{repository}/blobs/uploads/{number}?_state={number}")
        elif asked["digest"] == digest_of(content) and "_state" in asked:
            self.kept.blobs[repository, asked["digest"]] = content
            self.answer(201)
        else:
            self.refuse("DIGEST_INVALID")

    def manifest(self, repository: str, digest: str, reference: str, content: bytes) -> None:
        found = self.kept.manifests.get((repository, digest))
        if self.command == "PUT":
            read, made = json.loads(content), digest_of(content)
            blobs = [read["config"], *read["layers"]] if "layers" in read else []
            has_blobs = all((repository, each["digest"]) in self.kept.blobs for each in blobs)
            children = [each["digest"] for each in read.get("manifests", ())]
            if not has_blobs or any((repository, each) not in self.kept.manifests for each in children):
                self.refuse("MANIFEST_BLOB_UNKNOWN")
                return
            self.kept.manifests[repository, made] = self.headers["Content-Type"], content
            if ":" not in reference:
                self.kept.tags[repository, reference] = made
            self.answer(201, Docker_Content_Digest=made)
        elif found is None or found[0] not in self.headers.get("Accept", found[0]):
            self.answer(404)
        elif self.command == "DELETE":
            del self.kept.manifests[repository, digest]
            self.answer(202)
        else:
            self.answer(200, found[1], Content_Type=found[0], Docker_Content_Digest=digest)

    def refuse(self, code: str) -> None:
        self.answer(400, json.dumps({"errors": [{"code": code}]}).encode())

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@contextmanager
def serving() -> Iterator[str]:
    """Serve on a free port until the block ends, and give the host."""
    handler = type("Handler", (Handler,), {"kept": Repositories()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
