"""What each answer of a registry and of its token service means, against prepared answers."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.images.reference import ImageReference
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.challenge import Challenge, read_challenge
from pulumi_gitlab_runner.registry.client import RegistryClient
from pulumi_gitlab_runner.registry.copy import Copy, ImageCopier
from pulumi_gitlab_runner.registry.manifest import (
    Descriptor,
    InvalidManifestError,
    Manifest,
    digest_of,
    parse_manifest,
    platform_of,
)
from pulumi_gitlab_runner.registry.repository import Repository
from pulumi_gitlab_runner.registry.transfer import TransferError, repeated

from tests.http.server import Scripted, answer, serving

DIGEST, OTHER, FOREIGN = (f"sha256:{each * 64}" for each in "abc")
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
IMAGE_EXISTS = answer(200, Docker_Content_Digest=DIGEST, Content_Type=f"{INDEX}; charset=utf-8")
ME = Credentials("me", Secret("canary"))


def asked(*answers: bytes, credentials: Credentials | None = None) -> tuple[RegistryAnswer, Scripted]:
    """The result for an image from a registry that sends these answers after that to `/v2/`."""
    with serving(answer(200), *answers) as script, RegistryClient(patience=5) as client:
        return client.ask(ImageReference(script.host, "team/app", "1"), credentials), script


def lines(script: Scripted) -> list[str]:
    return [each.splitlines()[0].removesuffix(" HTTP/1.1") for each in script.requests[1:]]


@pytest.mark.parametrize(
    ("status", "outcome", "message"),
    [
        (401, Outcome.UNAUTHORIZED, "refuses {} (401)"),
        (403, Outcome.FORBIDDEN, "denies access to {} (403)"),
        (404, Outcome.NO_IMAGE, "has no such image, or hides it from {} (404)"),
        (429, Outcome.TOO_MANY_REQUESTS, "received too many requests (429)"),
        (400, Outcome.FAILED, "answers with status 400"),
        (500, Outcome.FAILED, "answers with status 500"),
    ],
)
@pytest.mark.parametrize("credentials", [None, ME], ids=["without", "with"])
def test_the_meaning_of_a_status(
    status: int, outcome: Outcome, message: str, credentials: Credentials | None
) -> None:
    found, script = asked(*[answer(status)] * 3, credentials=credentials)
    sent = "these credentials" if credentials else "a pull without credentials"
    assert (found.outcome, found.message) == (outcome, f"{script.host} {message.format(sent)}")
    methods = [line.split()[0] for line in lines(script)]
    assert ("GET" in methods) == (status not in (401, 429))


def test_the_request_for_an_image() -> None:
    found, script = asked(IMAGE_EXISTS)
    assert found.digest == DIGEST
    assert lines(script) == ["HEAD /v2/team/app/manifests/1"]
    assert f"Accept: {INDEX}, {DOCKER_INDEX}, {IMAGE}, {DOCKER_IMAGE}" in script.requests[1].splitlines()
    assert found.message == f"{script.host} has it, as {DIGEST}"


@pytest.mark.parametrize("kind", [INDEX, DOCKER_INDEX, IMAGE, DOCKER_IMAGE])
def test_the_digest_of_a_manifest_that_is_read(kind: str) -> None:
    content = b"{}"
    found, script = asked(answer(200), answer(200, content, Content_Type=kind))
    assert found.digest == digest_of(content, "sha256:")
    assert lines(script) == [f"{method} /v2/team/app/manifests/1" for method in ("HEAD", "GET")]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Content_Type": "text/html; charset=utf-8"}, "content of the type 'text/html'"),
        ({}, "content without a type"),
        ({"Content_Type": "x" * 300}, f"content of the type {'x' * 200!r}"),
    ],
)
def test_an_error_page_is_not_a_manifest(headers: dict[str, str], message: str) -> None:
    found, script = asked(answer(200), answer(200, b"<html>", **headers))
    assert found.outcome is Outcome.NO_REGISTRY
    assert found.message == f"{script.host} returns {message} instead of a manifest"


@pytest.mark.parametrize(("size", "outcome"), [(4 * 2**20, Outcome.FOUND), (4 * 2**20 + 1, Outcome.FAILED)])
def test_a_manifest_has_four_mebibytes_at_most(size: int, outcome: Outcome) -> None:
    found, _ = asked(answer(200), answer(200, bytes(size), Content_Type=INDEX))
    assert found.outcome is outcome


def test_a_failed_request_for_v2_is_the_result_of_every_image() -> None:
    for status, outcome, message in (
        (404, Outcome.NO_REGISTRY, "answers, but is not a registry: /v2/ returns 404"),
        (201, Outcome.FAILED, "answers with status 201"),
        (500, Outcome.FAILED, "answers with status 500"),
        (403, Outcome.FORBIDDEN, "denies access to a pull without credentials (403)"),
    ):
        with serving(answer(status)) as script, RegistryClient(patience=5) as client:
            found = client.ask(ImageReference(script.host, "app"), ME)
            assert (found.outcome, found.message) == (outcome, f"{script.host} {message}")
            assert client.ask(ImageReference(script.host, "other"), ME) == found
        assert len(script.requests) == 1


def with_tokens(*tokens: bytes, realm: str = "", **options: Any) -> tuple[RegistryAnswer, Scripted, Scripted]:
    """The result from a registry that requires tokens, with a token service that sends these answers."""
    with serving(*tokens) as service:
        wanted = f'Bearer realm="http://{service.host}/token{realm}",service="the service"'
        with (
            serving(answer(401, WWW_Authenticate=wanted), IMAGE_EXISTS) as script,
            RegistryClient(patience=5) as client,
        ):
            found = client.ask(ImageReference(script.host, "team/app", "1"), **options)
    return found, service, script


SCOPE = "service=the+service&scope=repository%3Ateam%2Fapp%3Apull"


@pytest.mark.parametrize(
    ("given", "token"),
    [
        ({"token": "one"}, "one"),
        ({"access_token": "two"}, "two"),
        ({"token": "one", "access_token": "two"}, "one"),
        ({"token": ""}, None),
        ({"token": 7}, None),
        ({"token": "ü"}, None),
        ({"token": "a\nb"}, None),
        ([], None),
        ({}, None),
    ],
)
def test_a_token_of_a_token_service(given: Any, token: str | None) -> None:
    found, service, script = with_tokens(answer(200, json.dumps(given).encode()))
    assert service.requests[0].startswith(f"GET /token?{SCOPE} HTTP/1.1\r\n")
    if token is None:
        assert found.outcome is Outcome.FAILED
        assert found.message == f"127.0.0.1, the token service of {script.host}, returned no token"
    else:
        assert found.outcome is Outcome.FOUND
        assert f"Authorization: Bearer {token}" in script.requests[1].splitlines()


def test_a_token_service_that_has_a_query_already() -> None:
    _, service, _ = with_tokens(answer(200, b'{"token": "one"}'), realm="?account=me", credentials=ME)
    assert service.requests[0].startswith(f"GET /token?account=me&{SCOPE} HTTP/1.1\r\n")
    assert "Authorization: Basic bWU6Y2FuYXJ5" in service.requests[0].splitlines()


@pytest.mark.parametrize(
    ("status", "outcome"), [(401, Outcome.UNAUTHORIZED), (403, Outcome.FORBIDDEN), (500, Outcome.FAILED)]
)
def test_a_token_service_that_refuses(status: int, outcome: Outcome) -> None:
    found, _, script = with_tokens(answer(status), credentials=ME)
    assert found.outcome is outcome
    assert found.message.startswith(f"127.0.0.1, the token service of {script.host}, ")


def test_a_token_service_that_cannot_be_reached() -> None:
    found, _, script = with_tokens(realm="?away")
    assert found.outcome is Outcome.UNREACHABLE
    assert found.message.startswith(f"127.0.0.1, the token service of {script.host}, ended the connection")


@pytest.mark.parametrize(
    ("answers", "outcome"), [([IMAGE_EXISTS], Outcome.FOUND), ([], Outcome.UNAUTHORIZED)]
)
def test_an_expired_token_is_renewed_once(answers: list[bytes], outcome: Outcome) -> None:
    with serving(*(answer(200, json.dumps({"token": f"t{n}"}).encode()) for n in range(9))) as service:
        refused = answer(401, WWW_Authenticate=f'Bearer realm="http://{service.host}/token",service="s"')
        script_answers = [refused, IMAGE_EXISTS, refused, *(answers or [refused])]
        with serving(*script_answers) as script, RegistryClient(patience=5) as client:
            image = ImageReference(script.host, "team/app", "1")
            assert client.ask(image).outcome is Outcome.FOUND
            assert client.ask(image).outcome is outcome
    used = [line for each in script.requests for line in each.splitlines() if "Authorization" in line]
    assert used == [f"Authorization: Bearer t{n}" for n in (0, 0, 1)]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["Basic " + "x" * 4090], Challenge("basic")),
        (["Basic " + "x" * 4091], None),
        (['Basic realm="a"', 'Basic realm="b"'], Challenge("basic", "a")),
        (['  Bearer  realm = "a" ,\tservice = b'], Challenge("bearer", "a", "b")),
        (['Bearer REALM="a\\\\b"'], Challenge("bearer", "a\\b")),
    ],
)
def test_the_parts_of_a_challenge(headers: list[str], expected: Challenge | None) -> None:
    assert read_challenge(headers) == expected


def test_a_challenge_without_an_end_is_read_quickly() -> None:
    """A hundred headers of four KiB, as many as an answer may have."""
    started = time.process_time()
    assert read_challenge(["Negotiate " + "x" * 4080] * 100) is None
    assert time.process_time() - started < 0.5


@contextmanager
def repository(*answers: bytes) -> Iterator[tuple[Repository, Scripted]]:
    with serving(answer(200), *answers) as script, RegistryClient(patience=5) as client:
        yield Repository(client.connection(script.host), "team/app"), script


@pytest.mark.parametrize(
    ("status", "meaning", "passing"),
    [
        (404, ", it has no such repository, or no such image in it", False),
        (429, ", too many requests", True),
    ],
)
def test_the_meaning_of_the_status_of_a_transfer(status: int, meaning: str, passing: bool) -> None:
    with (
        repository(*[answer(status, Retry_After="7")] * 2) as (target, script),
        pytest.raises(TransferError) as raised,
    ):
        target.begin_upload(Descriptor(DIGEST, 1))
    message = f"writing {DIGEST} to team/app: {script.host} answers with status {status}{meaning}"
    assert (str(raised.value), raised.value.passing, raised.value.after) == (message, passing, 7)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"errors": [{"message": "no room", "code": "DENIED"}]}, ": no room"),
        ([], ""),
    ],
)
def test_the_message_of_a_registry_is_quoted(body: Any, message: str) -> None:
    refused = answer(400, json.dumps(body).encode())
    with repository(refused) as (target, _), pytest.raises(TransferError) as raised:
        target.begin_upload(Descriptor(DIGEST, 1))
    assert str(raised.value).endswith(f"answers with status 400{message}")


@pytest.mark.parametrize("after", ["", "soon", "-1", "٣"])
def test_a_retry_after_that_is_not_a_number_of_seconds_is_ignored(after: str) -> None:
    busy = answer(503, Retry_After="").replace(b"Retry-After: ", b"Retry-After: " + after.encode())
    with repository(busy) as (target, _), pytest.raises(TransferError) as raised:
        target.has_blob(DIGEST)
    assert raised.value.after is None


@pytest.mark.parametrize(
    ("after", "pauses"), [(None, [1, 2, 4]), (0, [0, 0, 0]), (60, [60, 60, 60]), (61, [])]
)
def test_how_often_and_how_long_a_transfer_is_repeated(after: float | None, pauses: list[float]) -> None:
    waited: list[float] = []
    tried: list[None] = []

    def attempt() -> None:
        tried.append(None)
        raise TransferError("busy", passing=True, after=after)

    with pytest.raises(TransferError):
        repeated(attempt, waited.append)
    assert (waited, len(tried)) == (pauses, len(pauses) + 1)


def test_where_a_blob_is_uploaded() -> None:
    at = "http://{host}/upload?state=1"
    with repository() as (target, script):
        place = at.format(host=script.host)
        script.answers += [answer(202, Location=place), answer(201), answer(202, Location="/up"), answer(204)]
        for _ in range(2):
            upload = target.begin_upload(Descriptor(DIGEST, 7))
            assert upload
            target.push_blob(Descriptor(DIGEST, 7), iter([b"con", b"tent"]), upload)
    begun = "POST /v2/team/app/blobs/uploads/"
    digest = DIGEST.replace(":", "%3A")
    assert lines(script) == [begun, f"PUT /upload?state=1&digest={digest}", begun, f"PUT /up?digest={digest}"]
    assert {"Content-Type: application/octet-stream", "Content-Length: 7"} <= set(
        script.requests[2].splitlines()
    )


@pytest.mark.parametrize(
    ("answers", "upload", "methods"),
    [
        ([answer(201)], None, 1),
        ([answer(202, Location="/up")], "/up", 1),
        ([answer(405), answer(202, Location="/up")], "/up", 2),
    ],
)
def test_a_blob_that_another_repository_has_is_mounted(
    answers: list[bytes], upload: str | None, methods: int
) -> None:
    with repository(*answers) as (target, script):
        assert target.begin_upload(Descriptor(DIGEST, 1), "team/other") == upload
    assert lines(script)[0] == f"POST /v2/team/app/blobs/uploads/?mount={DIGEST}&from=team/other"
    assert len(lines(script)) == methods


def test_an_upload_without_a_url_is_an_error() -> None:
    with (
        repository(answer(202)) as (target, _),
        pytest.raises(TransferError, match="returns no URL for the upload"),
    ):
        target.begin_upload(Descriptor(DIGEST, 1))


@pytest.mark.parametrize(("status", "exists"), [(200, True), (404, False)])
def test_whether_a_blob_exists(status: int, exists: bool) -> None:
    with repository(answer(status)) as (target, script):
        assert target.has_blob(DIGEST) is exists
    assert lines(script) == [f"HEAD /v2/team/app/blobs/{DIGEST}"]


@pytest.mark.parametrize("status", [200, 202, 204, 404])
def test_a_manifest_that_is_deleted_may_be_missing(status: int) -> None:
    with repository(answer(status)) as (target, script):
        target.delete(DIGEST)
    assert lines(script) == [f"DELETE /v2/team/app/manifests/{DIGEST}"]


def test_a_deletion_that_is_refused() -> None:
    with (
        repository(answer(405)) as (target, _),
        pytest.raises(TransferError, match="does not allow deleting images"),
    ):
        target.delete(DIGEST)


@pytest.mark.parametrize("named", [{}, {"Docker_Content_Digest": DIGEST}])
def test_a_manifest_is_pushed_with_its_media_type(named: dict[str, str]) -> None:
    with repository(answer(201, **named)) as (target, script):
        target.push_manifest(Manifest(DIGEST, b"{}", INDEX), "1")
    assert lines(script) == ["PUT /v2/team/app/manifests/1"]
    assert f"Content-Type: {INDEX}" in script.requests[1].splitlines()


def test_a_manifest_that_is_stored_with_another_digest_is_an_error() -> None:
    stored = answer(201, Docker_Content_Digest=OTHER)
    with (
        repository(stored) as (target, _),
        pytest.raises(TransferError, match=f"stored it with the digest {OTHER}") as raised,
    ):
        target.push_manifest(Manifest(DIGEST, b"{}", INDEX), "1")
    assert not raised.value.passing


@pytest.mark.parametrize(
    ("reference", "answers", "digest", "methods"),
    [
        ("1", [IMAGE_EXISTS], DIGEST, "HEAD"),
        ("1", [answer(404), answer(404)], None, "HEAD GET"),
        (DIGEST, [answer(404)], None, "HEAD"),
        ("1", [answer(405), IMAGE_EXISTS], DIGEST, "HEAD GET"),
        ("1", [answer(200), answer(200, b"{}")], digest_of(b"{}", "sha256:"), "HEAD GET"),
    ],
)
def test_the_digest_of_a_tag(reference: str, answers: list[bytes], digest: str | None, methods: str) -> None:
    with repository(*answers) as (source, script):
        assert source.digest(reference) == digest
    assert lines(script) == [f"{each} /v2/team/app/manifests/{reference}" for each in methods.split()]


@pytest.mark.parametrize("status", [401, 429])
def test_a_refused_lookup_of_a_digest_is_not_repeated(status: int) -> None:
    with repository(*[answer(status)] * 2) as (source, script), pytest.raises(TransferError):
        source.digest("1")
    assert {each.split()[0] for each in lines(script)} == {"HEAD"}


@pytest.mark.parametrize("status", [403, 500])
def test_the_body_of_an_error_gives_no_digest(status: int) -> None:
    with (
        repository(answer(405), answer(status)) as (source, script),
        pytest.raises(
            TransferError, match=f"looking up team/app:1: {script.host} answers with status {status}"
        ),
    ):
        source.digest("1")
    assert [each.split()[0] for each in lines(script)] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("content", "size", "good"),
    [(b"content", 7, True), (b"content", 6, False), (b"content", 8, False), (b"other!!", 7, False)],
)
def test_a_blob_is_verified(content: bytes, size: int, good: bool) -> None:
    blob = Descriptor(digest_of(b"content", "sha256:"), size)
    received: list[bytes] = []
    with repository(answer(200, content)) as (source, script), source.blob(blob) as parts:
        if good:
            received += parts
        else:
            with pytest.raises(TransferError, match="returns content with another digest") as raised:
                received += parts
            assert raised.value.passing
    assert (b"".join(received) == content) == (good or size > len(content))
    assert lines(script) == [f"GET /v2/team/app/blobs/{blob.digest}"]


def described(**changes: Any) -> dict[str, Any]:
    return {"digest": DIGEST, "size": 1, "mediaType": "application/vnd.oci.image.layer.v1.tar", **changes}


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"size": 0}, True),
        ({"size": 2**40}, True),
        ({"size": 2**40 + 1}, False),
        ({"size": -1}, False),
        ({"digest": "sha512:" + "0" * 128}, True),
        ({"digest": "sha512:" + "0" * 64}, False),
        ({"digest": "sha256:" + "0" * 63}, False),
        ({"digest": "sha256:" + "G" * 64}, False),
        ({"digest": "md5:" + "0" * 32}, False),
    ],
)
def test_which_parts_of_a_manifest_are_valid(change: dict[str, Any], good: bool) -> None:
    content = json.dumps({"config": described(**change), "layers": []}).encode()
    if good:
        found = parse_manifest(DIGEST, content, IMAGE)
        assert found.configuration == Descriptor(described(**change)["digest"], described(**change)["size"])
    else:
        with pytest.raises(InvalidManifestError, match="its manifest cannot be read"):
            parse_manifest(DIGEST, content, IMAGE)


@pytest.mark.parametrize("kind", [IMAGE, DOCKER_IMAGE])
def test_the_parts_of_an_image_are_its_own_blobs(kind: str) -> None:
    """Foreign layers are left out; a layer that is listed twice counts once."""
    other = described(digest=OTHER)
    foreign = [
        described(digest=FOREIGN, mediaType=f"application/vnd.{each}.tar")
        for each in ("docker.image.rootfs.foreign.diff", "oci.image.layer.nondistributable.v1")
    ]
    content = {"config": described(), "layers": [other, *foreign, other, described()], "mediaType": kind}
    found = parse_manifest(DIGEST, json.dumps(content).encode(), "text/plain")
    assert found.blobs == (Descriptor(DIGEST, 1), Descriptor(other["digest"], 1))
    assert (found.is_index, found.media_type, found.children) == (False, kind, ())


@pytest.mark.parametrize("kind", [INDEX, DOCKER_INDEX])
def test_the_platforms_of_an_index(kind: str) -> None:
    platforms = [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm", "variant": "v7"},
        {"os": "unknown", "architecture": "unknown"},
        None,
    ]
    content = {"manifests": [described(platform=each) for each in platforms]}
    found = parse_manifest(DIGEST, json.dumps(content).encode(), kind)
    assert found.platforms == ("linux/amd64", "linux/arm/v7")
    assert (found.is_index, found.children) == (True, (Descriptor(DIGEST, 1),) * 4)
    assert platform_of({"architecture": "arm64"}) == "arm64"


def test_the_media_type_of_an_unsupported_manifest_is_named() -> None:
    with pytest.raises(InvalidManifestError, match="has the media type 'text/plain', which cannot be copied"):
        parse_manifest(DIGEST, b"{}", "text/plain")


@dataclass(frozen=True)
class _Index(Repository):
    """A repository whose only manifest is an index of these images."""

    children: tuple[Descriptor, ...] = ()

    def digest(self, reference: str) -> str | None:
        return None

    def manifest(self, digest: str, limit: int = 0) -> Manifest:
        return Manifest(digest, b"{}", INDEX, self.children if digest == DIGEST else ())

    def push_manifest(self, manifest: Manifest, reference: str) -> None:
        """Accept it."""


@pytest.mark.parametrize(
    ("number", "size", "copied"),
    [(999, 1, True), (1000, 1, False), (2, 4 * 2**20, True), (2, 4 * 2**20 + 1, False)],
)
def test_the_number_of_manifests_in_an_index_is_limited(number: int, size: int, copied: bool) -> None:
    children = tuple(Descriptor(f"sha256:{each:064}", size) for each in range(number))
    with RegistryClient() as client:
        source = _Index(client.connection("127.0.0.1:1"), "team/app", children=children)
        copier = ImageCopier()
        if copied:
            copier.copy(Copy(source, DIGEST, source, "1"))
        else:
            with pytest.raises(TransferError, match="its index references too many manifests"):
                copier.copy(Copy(source, DIGEST, source, "1"))
        copier.close()


def test_a_repository_does_not_show_its_credentials() -> None:
    with RegistryClient() as client:
        shown = repr(Repository(client.connection("127.0.0.1:1"), "team/app", ME))
    assert "team/app" in shown
    assert "Credentials" not in shown


@pytest.mark.parametrize(("status", "passing"), [(429, True), (500, True), (403, False), (404, False)])
def test_a_registry_that_refuses_the_first_request(status: int, passing: bool) -> None:
    with (
        serving(answer(status)) as script,
        RegistryClient(patience=5) as client,
        pytest.raises(TransferError, match=f"looking up {DIGEST} in team/app: {script.host}") as raised,
    ):
        Repository(client.connection(script.host), "team/app").has_blob(DIGEST)
    assert raised.value.passing is passing


def test_a_manifest_with_another_digest_may_be_read_again() -> None:
    other = answer(200, b"{}")
    with (
        repository(other) as (source, _),
        pytest.raises(TransferError, match="content with another digest") as raised,
    ):
        source.manifest(DIGEST)
    assert raised.value.passing


def test_a_manifest_without_a_media_type_has_the_type_of_its_answer() -> None:
    content = json.dumps({"config": described(), "layers": []}).encode()
    typed = answer(200, content, Content_Type=f"{IMAGE}; charset=utf-8")
    with repository(typed, answer(200, content)) as (source, _):
        found = source.manifest(digest_of(content, "sha256:"))
        assert (found.media_type, found.blobs) == (IMAGE, (Descriptor(DIGEST, 1),))
        with pytest.raises(TransferError, match="its manifest has the media type ''") as raised:
            source.manifest(found.digest)
    assert not raised.value.passing


def test_a_blob_that_is_refused() -> None:
    with (
        repository(answer(404)) as (source, _),
        pytest.raises(TransferError, match="no such image in it"),
        source.blob(Descriptor(DIGEST, 1)) as parts,
    ):
        list(parts)


def test_the_scopes_of_a_token_for_a_mount() -> None:
    with serving(*[answer(200, b'{"token": "one"}')] * 2) as service:
        wanted = f'Bearer realm="http://{service.host}/token",service="s"'
        answers = [answer(401, WWW_Authenticate=wanted), answer(201), answer(200)]
        with serving(*answers) as script, RegistryClient(patience=5) as client:
            target = Repository(client.connection(script.host), "team/app")
            assert target.begin_upload(Descriptor(DIGEST, 1), "team/other") is None
            assert target.has_blob(DIGEST)
    scopes = ["repository%3Ateam%2Fapp%3Apull%2Cpush", "repository%3Ateam%2Fother%3Apull"]
    assert [each.split()[1] for each in service.requests] == [
        f"/token?service=s&scope={scopes[0]}&scope={scopes[1]}",
        f"/token?service=s&scope={scopes[0]}",
    ]
