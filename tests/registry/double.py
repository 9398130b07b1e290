"""A container registry on loopback, with the parts of the distribution API that a pull's first steps use."""

import base64
import hashlib
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

USERNAME, PASSWORD = "my_username", "canary-4711"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = b'{"schemaVersion": 2}'
DIGEST = "sha256:" + hashlib.sha256(MANIFEST).hexdigest()


@dataclass
class RegistryDouble:
    """A registry with images by ``REPOSITORY:TAG``, and its behaviour.

    `scheme` is ``basic``, ``bearer`` or empty for a public one. `status` is the status of
    every answer about a manifest, `head_status` of those to HEAD only. `names_digest` is whether the digest
    is in the headers. `redirect` redirects requests for manifests, and `token_redirect` those for tokens.
    Every answer takes a `delay` in seconds.
    """

    scheme: str = "basic"
    images: dict[str, str] = field(default_factory=lambda: {"team/app:1": DIGEST})
    public: set[str] = field(default_factory=set)
    status: int = 0
    head_status: int = 0
    ping_status: int = 0
    ping_body: bytes = b""
    open_ping: bool = False
    names_digest: bool = True
    redirect: str = ""
    token_redirect: str = ""
    realm: str = ""
    refresh_token: str = ""
    delay: float = 0
    host: str = ""
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def manifests(self) -> list[str]:
        """The paths of the manifests that were asked for."""
        return [path for _, path, _ in self.requests if "/manifests/" in path]


BASIC = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


@contextmanager
def serving(double: RegistryDouble, certificate: ssl.SSLContext | None = None) -> Iterator[RegistryDouble]:
    """Serve a registry on a free port until the block ends."""

    ended = Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            """Log nothing."""

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def challenge(self) -> None:
            scheme = "http" if certificate is None else "https"
            realm = double.realm or f"{scheme}://{double.host}/token"
            wanted = {"basic": 'Basic realm="r"', "bearer": f'Bearer realm="{realm}",service="the registry"'}
            self.answer(401, WWW_Authenticate=wanted[double.scheme])

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            double.requests.append((self.command, self.path, dict(self.headers)))
            path = urlsplit(self.path).path
            ended.wait(double.delay)
            if path == "/token" and double.token_redirect:
                self.answer(307, Location=double.token_redirect)
            elif path == "/token":
                self.token(parse_qs(body.decode() or urlsplit(self.path).query))
            elif path == "/v2/":
                self.ping()
            else:
                self.manifest(path)

        do_HEAD = do_POST = do_GET  # noqa: N815 - http.server's names

        def ping(self) -> None:
            if double.ping_status:
                self.answer(double.ping_status)
            elif double.scheme and not double.open_ping:
                self.challenge()
            else:
                self.answer(200, double.ping_body)

        def token(self, asked: dict[str, list[str]]) -> None:
            repository = asked["scope"][0].split(":")[1]
            refreshed = double.refresh_token and asked.get("refresh_token") == [double.refresh_token]
            if asked["service"] != ["the registry"]:
                self.answer(400)
            elif refreshed or self.headers.get("Authorization") == BASIC or repository in double.public:
                self.answer(200, json.dumps({"token": f"token-for-{repository}"}).encode())
            else:
                self.answer(401)

        def manifest(self, path: str) -> None:
            repository, _, tag = path.removeprefix("/v2/").partition("/manifests/")
            given = self.headers.get("Authorization")
            wanted = {"basic": BASIC, "bearer": f"Bearer token-for-{repository}"}.get(double.scheme, given)
            digest = tag if tag in double.images.values() else double.images.get(f"{repository}:{tag}")
            if given != wanted:
                self.challenge()
            elif double.status:
                self.answer(double.status)
            elif double.head_status and self.command == "HEAD":
                self.answer(double.head_status)
            elif double.redirect:
                self.answer(307, Location=double.redirect)
            elif digest is None:
                self.answer(404)
            elif double.names_digest:
                self.answer(200, MANIFEST, Content_Type=INDEX, Docker_Content_Digest=digest)
            else:
                self.answer(200, MANIFEST, Content_Type=INDEX)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        server.socket = certificate.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    double.host = f"127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
