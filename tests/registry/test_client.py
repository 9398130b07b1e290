"""Requests to registries: a server on loopback, with each way to authenticate and each way to fail."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from socket import SOCK_STREAM, getaddrinfo

import pytest
import trustme
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.images.reference import ImageReference
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.challenge import Challenge, read_challenge
from pulumi_gitlab_runner.registry.client import RegistryClient

from tests.registry.double import BASIC, DIGEST, PASSWORD, USERNAME, RegistryDouble, serving
from tests.registry.fixtures import certificates_in

GOOD = Credentials(USERNAME, Secret(PASSWORD))
WRONG = Credentials(USERNAME, Secret("wrong-4711"))


def ask(
    registry: RegistryDouble,
    credentials: Credentials | None = GOOD,
    tag: str | None = "1",
    certificates: Path | None = None,
) -> RegistryAnswer:
    trusted = certificates_in(certificates) if certificates else None
    with RegistryClient(trusted, patience=2) as client:
        return client.ask(ImageReference(registry.host, "team/app", tag), credentials)


@pytest.mark.parametrize("scheme", ["basic", "bearer", ""])
def test_an_existing_image(registry: RegistryDouble, scheme: str) -> None:
    registry.scheme = scheme
    answer = ask(registry, GOOD if scheme else None)
    assert (answer.outcome, answer.digest) == (Outcome.FOUND, DIGEST)


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
@pytest.mark.parametrize(
    ("credentials", "message"),
    [(WRONG, "refuses these credentials"), (None, "refuses a pull without credentials")],
    ids=["wrong", "none"],
)
def test_credentials_that_are_refused(
    registry: RegistryDouble, scheme: str, credentials: Credentials | None, message: str
) -> None:
    registry.scheme = scheme
    answer = ask(registry, credentials)
    assert answer.outcome is Outcome.UNAUTHORIZED
    assert message in answer.message


def test_a_public_image_needs_a_token_without_credentials(registry: RegistryDouble) -> None:
    registry.scheme, registry.public = "bearer", {"team/app"}
    assert ask(registry, None).outcome is Outcome.FOUND


def test_an_identity_token_is_exchanged(registry: RegistryDouble) -> None:
    registry.scheme, registry.refresh_token = "bearer", "refresh-4711"
    assert ask(registry, Credentials(identity_token=Secret("refresh-4711"))).outcome is Outcome.FOUND
    assert ask(registry, Credentials(identity_token=Secret("another"))).outcome is Outcome.UNAUTHORIZED


def test_a_registry_token_is_sent_unchanged(registry: RegistryDouble) -> None:
    registry.scheme = "bearer"
    token = Secret("token-for-team/app")
    assert ask(registry, Credentials(registry_token=token)).outcome is Outcome.FOUND


def test_a_registry_that_authenticates_only_at_the_manifest(registry: RegistryDouble) -> None:
    registry.open_ping = True
    assert ask(registry).outcome is Outcome.FOUND


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (403, Outcome.FORBIDDEN),
        (404, Outcome.NO_IMAGE),
        (429, Outcome.TOO_MANY_REQUESTS),
        (503, Outcome.FAILED),
    ],
)
def test_an_answer_other_than_the_image(registry: RegistryDouble, status: int, outcome: Outcome) -> None:
    registry.status = status
    answer = ask(registry)
    assert answer.outcome is outcome
    assert str(status) in answer.message
    assert answer.digest is None


def test_a_missing_image(registry: RegistryDouble) -> None:
    assert ask(registry, tag="2").outcome is Outcome.NO_IMAGE


def test_an_image_without_a_tag_has_the_tag_latest(registry: RegistryDouble) -> None:
    ask(registry, tag=None)
    assert set(registry.manifests()) == {"/v2/team/app/manifests/latest"}


def test_a_digest_takes_precedence_over_a_tag(registry: RegistryDouble) -> None:
    with RegistryClient() as client:
        answer = client.ask(ImageReference(registry.host, "team/app", "gone", DIGEST), GOOD)
    assert answer.outcome is Outcome.FOUND
    assert registry.manifests() == [f"/v2/team/app/manifests/{DIGEST}"]


def test_a_digest_that_is_not_in_the_headers_is_computed(registry: RegistryDouble) -> None:
    registry.names_digest = False
    assert ask(registry).digest == DIGEST


@pytest.mark.parametrize("digest", ["sha256:0", "latest", f'{DIGEST}"]', "sha512:" + "0" * 64])
def test_an_invalid_digest_is_not_returned(registry: RegistryDouble, digest: str) -> None:
    registry.images = {"team/app:1": digest}
    answer = ask(registry)
    assert (answer.outcome, answer.digest) == (Outcome.FAILED, None)


def test_a_web_server_that_is_not_a_registry(registry: RegistryDouble) -> None:
    registry.ping_status = 404
    assert ask(registry).outcome is Outcome.NO_REGISTRY


def test_a_port_that_refuses_connections(registry: RegistryDouble) -> None:
    with serving(RegistryDouble()) as gone:
        pass
    answer = ask(gone)
    assert (answer.outcome, answer.message) == (
        Outcome.UNREACHABLE,
        f"{gone.host} cannot be reached: connection refused",
    )


def test_credentials_do_not_follow_a_redirect_to_another_host(registry: RegistryDouble) -> None:
    with serving(RegistryDouble(scheme="")) as other:
        registry.redirect = f"http://{other.host}/v2/team/app/manifests/1"
        assert ask(registry).outcome is Outcome.FOUND
    assert [headers["Authorization"] for _, path, headers in registry.requests if "manifests" in path] == [
        BASIC
    ]
    assert [headers.get("Authorization") for _, _, headers in other.requests] == [None]


def test_an_identity_token_is_not_sent_to_a_redirect(registry: RegistryDouble) -> None:
    with serving(RegistryDouble()) as other:
        registry.scheme, registry.token_redirect = "bearer", f"http://{other.host}/token"
        answer = ask(registry, Credentials(identity_token=Secret("refresh-4711")))
    assert (answer.outcome, other.requests) == (Outcome.FAILED, [])


def test_a_redirect_to_a_host_without_tls_is_refused(registry: RegistryDouble) -> None:
    registry.redirect = "http://registry.example.com/v2/team/app/manifests/1"
    answer = ask(registry)
    assert answer.outcome is Outcome.FAILED
    assert answer.message == f"{registry.host} redirects to registry.example.com without TLS"


def test_a_proxy_that_cannot_be_reached() -> None:
    with RegistryClient(patience=2) as client:
        answer = client.ask(ImageReference("registry.example.com", "app"))
    assert answer.message == "registry.example.com cannot be reached: connection refused"


@pytest.mark.parametrize("realm", ["http://auth.example.com/token", "ftp://127.0.0.1/", "", "://"])
def test_credentials_are_not_sent_without_tls(registry: RegistryDouble, realm: str) -> None:
    registry.scheme, registry.realm = "bearer", realm or "none"
    answer = ask(registry)
    assert answer.outcome is Outcome.FAILED
    assert "without TLS" in answer.message


@pytest.fixture
def with_tls(tmp_path: Path) -> Callable[[RegistryDouble], AbstractContextManager[RegistryDouble]]:
    """Serves a registry with a certificate that is trusted, with `tmp_path` as the certificates."""

    @contextmanager
    def serve(double: RegistryDouble, host: str = "127.0.0.1") -> Iterator[RegistryDouble]:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
        with serving(double, context) as registry:
            registry.host = registry.host.replace("127.0.0.1", host)
            trusted = tmp_path / registry.host
            trusted.mkdir()
            authority.cert_pem.write_to_path(str(trusted / "ca.crt"))
            yield registry

    return serve


def test_a_certificate_of_a_custom_authority(
    with_tls: Callable[[RegistryDouble], AbstractContextManager[RegistryDouble]], tmp_path: Path
) -> None:
    with with_tls(RegistryDouble()) as registry:
        assert ask(registry, certificates=tmp_path).outcome is Outcome.FOUND
        assert all(headers.get("Host") == registry.host for _, _, headers in registry.requests)
        answer = ask(registry)
    assert answer.outcome is Outcome.NOT_TRUSTED
    assert "self-signed certificate" in answer.message or "unable to get local issuer" in answer.message


@pytest.mark.parametrize("scheme", ["", "bearer"])
def test_a_registry_elsewhere_cannot_make_services_of_this_machine_answer(
    with_tls: Callable[..., AbstractContextManager[RegistryDouble]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(
        "socket.getaddrinfo", lambda _, port, **__: getaddrinfo("127.0.0.1", port, type=SOCK_STREAM)
    )
    with (
        serving(RegistryDouble(scheme="")) as service,
        with_tls(RegistryDouble(scheme=scheme), "registry.example.com") as registry,
    ):
        assert ask(registry, certificates=tmp_path).outcome is Outcome.FOUND
        if scheme:
            registry.realm = f"http://{service.host}/token"
        else:
            registry.redirect = f"http://{service.host}/v2/team/app/manifests/1"
        answer = ask(registry, certificates=tmp_path)
    assert (answer.outcome, service.requests) == (Outcome.FAILED, [])
    assert answer.message.endswith("127.0.0.1 without TLS")


@pytest.mark.parametrize(("size", "outcome"), [(256 * 1024, Outcome.FOUND), (256 * 1024 + 1, Outcome.FAILED)])
def test_a_registry_with_tls_is_not_asked_without_it(
    with_tls: Callable[[RegistryDouble], AbstractContextManager[RegistryDouble]],
    tmp_path: Path,
    size: int,
    outcome: Outcome,
) -> None:
    with with_tls(RegistryDouble(scheme="", ping_body=bytes(size))) as registry:
        answer = ask(registry, None, certificates=tmp_path)
    assert answer.outcome is outcome
    if outcome is Outcome.FAILED:
        assert answer.message == f"{registry.host} sends more than 256 KiB"


def test_the_answers_about_many_images_are_in_order(registry: RegistryDouble) -> None:
    registry.images = {f"team/app:{number}": f"sha256:{number:064}" for number in range(40)}
    with RegistryClient() as client:
        answers = client.ask_all(
            (ImageReference(registry.host, "team/app", str(number)), GOOD) for number in range(40)
        )
    assert [answer.digest for answer in answers] == list(registry.images.values())
    assert sum(path == "/v2/" for _, path, _ in registry.requests) <= 1


def test_a_registry_that_fails_is_asked_once_for_all_images(registry: RegistryDouble) -> None:
    registry.ping_status = 503
    with RegistryClient() as client:
        answers = client.ask_all((ImageReference(registry.host, "app", tag), None) for tag in "abc")
    assert {answer.outcome for answer in answers} == {Outcome.FAILED}
    assert len(registry.requests) == 1


def test_the_wait_for_answers_is_limited(registry: RegistryDouble) -> None:
    with serving(RegistryDouble(delay=5)) as slow, RegistryClient() as client:
        images = [ImageReference(host, "team/app", "1") for host in (slow.host, registry.host, slow.host)]
        started = time.monotonic()
        answers = client.ask_all([(image, GOOD) for image in images], 1)
        assert time.monotonic() - started < 4
    assert [answer.digest for answer in answers] == [None, DIGEST, None]
    assert answers[0].message == f"{slow.host} gave no answer in 1 seconds"


def test_the_wait_ends_when_all_answers_have_arrived(registry: RegistryDouble) -> None:
    image = ImageReference(registry.host, "team/app", "1")
    with RegistryClient() as client:
        started = time.monotonic()
        assert [each.digest for each in client.ask_all([(image, GOOD)] * 3, 60)] == [DIGEST] * 3
        assert client.ask_all([], 60) == []
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_no_answer_contains_a_secret(registry: RegistryDouble, scheme: str) -> None:
    registry.scheme = scheme
    image = ImageReference(registry.host, "team/app", "1")
    with RegistryClient() as client:
        for registry.status in (0, 401, 500):
            for credentials in (GOOD, WRONG):
                assert "4711" not in repr(client.ask(image, credentials))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], None),
        (["Negotiate"], None),
        (['Basic realm="r"'], Challenge("basic", "r")),
        (['BEARER realm="https://a/t" , service="x, \\"y\\""'], Challenge("bearer", "https://a/t", 'x, "y"')),
        (["Basic", 'Bearer realm="https://a/t"'], Challenge("bearer", "https://a/t")),
        (["Bearer realm=https://a/t,service=s"], Challenge("bearer", "https://a/t", "s")),
    ],
)
def test_challenges(headers: list[str], expected: Challenge | None) -> None:
    assert read_challenge(headers) == expected
