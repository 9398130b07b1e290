"""Copying within a registry that asks for tokens, as GitLab's and Docker Hub do, and with TLS."""

import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import httpx
import pytest
import trustme
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.registry.client import RegistryClient
from pulumi_gitlab_runner.registry.copy import Copy, ImageCopier
from pulumi_gitlab_runner.registry.repository import Repository
from pulumi_gitlab_runner.registry.transfer import TransferError

from tests.registry import loopback_registry as registry
from tests.registry.fixtures import certificates_in
from tests.registry.token_service import Handler, TokenService

pytestmark = pytest.mark.skipif(not shutil.which("docker-registry"), reason="docker-registry is not there")

PASSWORD = "canary-of-the-token-registry"
ISSUER, SERVICE = "the tokens", "the registry"


@dataclass
class TokenRegistry:
    """A registry with tokens: its host, and the directory with its CA for clients."""

    host: str
    certificates: Path
    asked: list[str]


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenRegistry]:
    place = tmp_path_factory.mktemp("tokens")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(place / "authority.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(place / "key.pem")
    issued.cert_chain_pems[0].write_to_path(place / "certificate.pem")
    users = [{"username": "me", "password": PASSWORD, "path": "team"}]
    files = {"certificate": str(place / "certificate.pem"), "key": str(place / "key.pem")}
    asked: list[str] = []

    class Quiet(Handler):
        service = TokenService({"service": SERVICE, "issuer": ISSUER, "users": users, **files})

        def log_message(self, *arguments: object) -> None:
            """Record the request, and log nothing."""
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.daemon_threads = True
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files["certificate"], files["key"])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    realm = f"https://127.0.0.1:{server.server_port}/token"
    settings = {"realm": realm, "service": SERVICE, "issuer": ISSUER}
    asks = {"token": settings | {"rootcertbundle": str(place / "authority.pem")}}
    with registry.serving(place / "registry", auth=asks) as host:
        (place / "certs" / host).mkdir(parents=True)
        shutil.copy(place / "authority.pem", place / "certs" / host / "ca.crt")
        yield TokenRegistry(host, place / "certs", asked)
    server.shutdown()
    server.server_close()


def test_each_repository_has_requests_with_a_token_for_it(tokens: TokenRegistry, tmp_path: Path) -> None:
    mine = Credentials("me", Secret(PASSWORD))
    with (
        RegistryClient(certificates_in(tokens.certificates), patience=5) as client,
        registry.serving(tmp_path) as host,
        httpx.Client(base_url=f"http://{host}", verify=registry.WITHOUT_TLS) as push,
    ):
        digest = registry.push_image(push, "library/app", "1", [b"layer"], "linux/amd64")["digest"]
        origin = Repository(client.connection(host), "library/app")
        first = Repository(client.connection(tokens.host), "team/app", mine)
        second = Repository(client.connection(tokens.host), "team/again", mine)
        ImageCopier().copy(Copy(origin, digest, first, "1"))
        ImageCopier().copy(Copy(first, digest, second, "1"))
        assert second.digest("1") == digest
        wrong = Repository(client.connection(tokens.host), "team/app", Credentials("me", Secret("wrong")))
        with pytest.raises(TransferError) as caught:
            ImageCopier().copy(Copy(origin, digest, wrong, "1"))
    assert "refuses these credentials (401)" in str(caught.value)
    both = "scope=repository:team/again:pull,push&scope=repository:team/app:pull"
    assert any(both in unquote(each) for each in tokens.asked)
