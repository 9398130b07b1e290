"""Registries with invalid answers: the doctor reports them in one line, in time and within bounds."""

import contextlib
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.http.bounded_json import MOST_VALUES, read_json
from pulumi_gitlab_runner.images.reference import ImageReference
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.client import RegistryClient
from pulumi_gitlab_runner.registry.copy import Copy, ImageCopier
from pulumi_gitlab_runner.registry.manifest import InvalidManifestError, parse_manifest
from pulumi_gitlab_runner.registry.repository import Repository
from pulumi_gitlab_runner.registry.transfer import TransferError

from bench.doctor_hostile import peak_mib
from tests.registry.double import DIGEST, RegistryDouble
from tests.registry.double import serving as serving_double
from tests.registry.hostile_registry import ANSWERS, PLACES, Conversation, serving

PATIENCE_S = 0.7
SLOW = ("slow-body", "slow-headers", "slow-chunks", "silent")
IMAGE = "application/vnd.oci.image.manifest.v1+json"


def ask(host: str, patience: float = 10) -> RegistryAnswer:
    with RegistryClient(patience=patience) as client:
        return client.ask(ImageReference(host, "team/app", "1"))


def is_one_line(text: str) -> bool:
    return text.isprintable() and len(text) < 300


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", sorted(ANSWERS.keys() - set(SLOW)))
def test_any_answer_is_reported_in_one_line(name: str, place: str) -> None:
    with serving(place, ANSWERS[name]) as host:
        answer = ask(host)
    assert is_one_line(answer.message)
    assert "gave no answer in" not in answer.message
    # None of these answers is a manifest, so none has a digest.
    assert answer.outcome is not Outcome.FOUND


def test_a_slow_answer_ends_in_time() -> None:
    cases = [(place, name) for place in PLACES for name in SLOW]

    def timed(case: tuple[str, str]) -> tuple[RegistryAnswer, float]:
        with serving(case[0], ANSWERS[case[1]]) as host:
            started = time.monotonic()
            return ask(host, PATIENCE_S), time.monotonic() - started

    with ThreadPoolExecutor(len(cases)) as threads:
        for answer, seconds in threads.map(timed, cases):
            assert answer.outcome is Outcome.UNREACHABLE
            assert "gave no answer in 0.7 seconds" in answer.message
            assert seconds < PATIENCE_S + 2


def test_many_slow_images_end_together() -> None:
    with serving("manifest", ANSWERS["slow-body"]) as host, RegistryClient(patience=60) as client:
        started = time.monotonic()
        answers = client.ask_all([(ImageReference(host, f"team/{n}", "1"), None) for n in range(100)], 1)
        assert time.monotonic() - started < 5
    assert {answer.outcome for answer in answers} == {Outcome.UNREACHABLE}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("endless", "sends more than 256 KiB"),
        ("gzip-bomb", "sends more than 256 KiB"),
        ("endless-headers", "headers"),
        ("always-continue", "headers"),
        ("garbage", "does not speak HTTP"),
        ("redirect-loop", "redirects more than 10 times"),
        ("redirect-to-nothing", "redirects to an invalid URL"),
        ("nothing", "ended the connection"),
        ("cut", "before the answer was complete"),
    ],
)
def test_the_message_describes_the_answer(name: str, message: str) -> None:
    with serving("ping", ANSWERS[name]) as host:
        assert message in ask(host).message


def test_memory_stays_within_bounds() -> None:
    least = peak_mib("registry.invalid/app:1", "--offline")
    for place, name in (("manifest", "gzip-bomb"), ("token", "many-values"), ("ping", "endless")):
        with serving(place, ANSWERS[name]) as host:
            assert peak_mib(f"{host}/team/app:1") - least < 64


@pytest.mark.parametrize("status", [405, 403, 404, 500])
def test_a_registry_that_refuses_head_is_asked_with_get(registry: RegistryDouble, status: int) -> None:
    registry.scheme, registry.head_status = "", status
    answer = ask(registry.host)
    assert (answer.outcome, answer.digest) == (Outcome.FOUND, DIGEST)
    with RegistryClient() as client:
        assert Repository(client.connection(registry.host), "team/app").digest("1") == DIGEST


def test_an_untrusted_certificate_is_named_on_loopback_too() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serving_double(RegistryDouble(scheme=""), context) as double:
        answer = ask(double.host)
    assert answer.outcome is Outcome.NOT_TRUSTED
    assert "certificate that is not trusted" in answer.message


def test_all_threads_share_one_request_for_a_token(registry: RegistryDouble) -> None:
    registry.scheme, registry.public, registry.delay = "bearer", {"team/app"}, 0.05
    image = ImageReference(registry.host, "team/app", "1")
    with RegistryClient() as client:
        answers = client.ask_all([(image, None)] * 10)
    assert {answer.outcome for answer in answers} == {Outcome.FOUND}
    assert len([path for _, path, _ in registry.requests if path.startswith("/token")]) == 1


@pytest.mark.parametrize("size", ["1e999", "-5", "1.5", '"7"', "null", str(2**70)])
def test_a_manifest_with_an_impossible_size_is_refused(size: str) -> None:
    config = f'{{"digest": "{DIGEST}", "size": {size}}}'
    with pytest.raises(InvalidManifestError, match="cannot be read"):
        parse_manifest(DIGEST, f'{{"config": {config}, "layers": []}}'.encode(), IMAGE)


@given(content=st.binary(max_size=200) | st.from_regex(r'\{("[a-z]*": ?[\[\]{}0-9,"]*,?)*\}').map(str.encode))
def test_any_content_is_a_manifest_or_an_error(content: bytes) -> None:
    with contextlib.suppress(InvalidManifestError):
        assert parse_manifest(DIGEST, content, IMAGE).content == content


def test_values_are_counted_outside_of_strings() -> None:
    assert read_json(b'["' + b"," * 2 * MOST_VALUES + b'\\"["]') == ["," * 2 * MOST_VALUES + '"[']
    assert len(read_json(b"[" + b"1," * (MOST_VALUES - 2) + b"1]")) == MOST_VALUES - 1
    with pytest.raises(ValueError, match="too many values"):
        read_json(b"[" + b"1," * MOST_VALUES + b"1]")
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json(b"[" * 90_000 + b"]" * 90_000)


@given(content=st.binary(max_size=300))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_reported_in_one_line(content: bytes) -> None:
    def send(to: Conversation) -> None:
        to.send(b"HTTP/1.1 " + content)

    with serving("manifest", send) as host:
        assert is_one_line(ask(host).message)


def test_a_copy_also_ends_within_bounds(tmp_path: Path) -> None:
    for name in ("endless", "gzip-bomb", "nested-json", "many-values", "redirect-loop"):
        with serving("manifest", ANSWERS[name]) as host, RegistryClient(patience=5) as client:
            source = Repository(client.connection(host), "team/app")
            copier = ImageCopier(pause=lambda seconds: None)
            with pytest.raises(TransferError) as refused:
                copier.copy(Copy(source, DIGEST, source, "2"))
            copier.close()
            assert is_one_line(str(refused.value))
