"""Copying images between registries, in memory and real ones, and every way in which that fails."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from pulumi_gitlab_runner.registry.client import RegistryClient
from pulumi_gitlab_runner.registry.copy import Copy, ImageCopier
from pulumi_gitlab_runner.registry.repository import Repository
from pulumi_gitlab_runner.registry.transfer import TransferError

from tests.registry import loopback_registry as registry
from tests.registry import memory_registry
from tests.registry.relay import Fault, Relay, relaying

AMD, ARM = "linux/amd64", "linux/arm64"
_numbers = count(1)


@dataclass
class Pair:
    """Two registries behind relays, and an image `app:1` in the first, in repositories of its own."""

    source: Relay
    target: Relay
    client: RegistryClient
    push: httpx.Client
    name: str = field(default_factory=lambda: f"team/app-{next(_numbers)}")
    waited: list[float] = field(default_factory=list)
    digest: str = ""
    layers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.copier = ImageCopier(self.waited.append)

    def image(self, images: dict[str, list[bytes]] | None = None) -> str:
        """Push an image for two platforms."""
        images = images or {AMD: [os.urandom(300_000), os.urandom(20)], ARM: [os.urandom(5_000)]}
        self.layers = [registry.digest(layer) for layers in images.values() for layer in layers]
        self.digest = registry.push_index(self.push, self.name, "1", images)["digest"]
        return self.digest

    def copy(self, target: str = "", platforms: tuple[str, ...] = (), **options: Any) -> None:
        """Copy it with a new copier, which has no record of earlier copies."""
        source = Repository(self.client.connection(self.source.host), self.name)
        destination = Repository(self.client.connection(self.target.host), target or self.name)
        self.copier.copy(Copy(source, self.digest, destination, "1", platforms), **options)

    def tag(self, repository: str = "") -> str | None:
        """The digest that the tag has at the target."""
        answer = self.push.head(
            f"http://{self.target.host}/v2/{repository or self.name}/manifests/1",
            headers={"Accept": f"{registry.INDEX}, {registry.IMAGE}"},
        )
        return answer.headers.get("docker-content-digest")

    def uploads(self) -> list[str]:
        """The content that was sent to the target."""
        return [path for path in self.target.asked("PUT") if "/uploads/" in path]


REAL = pytest.mark.skipif(not shutil.which("docker-registry"), reason="docker-registry is not there")


@pytest.fixture(scope="module", params=["in memory", pytest.param("docker-registry", marks=REAL)])
def hosts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    place: Path = tmp_path_factory.mktemp("registries")
    if request.param == "in memory":
        with memory_registry.serving() as source, memory_registry.serving() as target:
            yield source, target
    else:
        with registry.serving(place / "source") as source, registry.serving(place / "target") as target:
            yield source, target


@pytest.fixture
def pair(hosts: tuple[str, str]) -> Iterator[Pair]:
    with (
        relaying(hosts[0]) as source,
        relaying(hosts[1]) as target,
        RegistryClient(patience=5) as client,
        httpx.Client(base_url=f"http://{hosts[0]}", verify=registry.WITHOUT_TLS) as push,
    ):
        made = Pair(source, target, client, push)
        made.image()
        yield made


def refusal(attempt: Callable[[], None]) -> str:
    with pytest.raises(TransferError) as caught:
        attempt()
    return str(caught.value)


def test_every_platform_is_copied_with_all_its_parts(pair: Pair) -> None:
    pair.copy()
    assert pair.tag() == pair.digest
    at = f"http://{pair.target.host}/v2/{pair.name}"
    index = pair.push.get(f"{at}/manifests/{pair.digest}", headers={"Accept": registry.INDEX}).json()
    assert [each["platform"]["architecture"] for each in index["manifests"]] == ["amd64", "arm64"]
    for child in index["manifests"]:
        manifest = pair.push.get(f"{at}/manifests/{child['digest']}", headers={"Accept": registry.IMAGE})
        assert registry.digest(manifest.content) == child["digest"]
        for blob in [manifest.json()["config"], *manifest.json()["layers"]]:
            assert registry.digest(pair.push.get(f"{at}/blobs/{blob['digest']}").content) == blob["digest"]


def test_an_image_for_one_platform_keeps_its_digest(pair: Pair) -> None:
    pair.digest = registry.push_image(pair.push, pair.name, "1", [b"layer"], ARM)["digest"]
    pair.copy(platforms=(ARM,))
    assert pair.tag() == pair.digest
    assert f"no {AMD}; it has {ARM}" in refusal(lambda: pair.copy("elsewhere/app", (AMD,)))


def test_an_index_in_an_index_and_an_image_that_it_names_twice(pair: Pair) -> None:
    inner = registry.push_index(pair.push, pair.name, "inner", {AMD: [b"inner"]})
    children = [inner, inner, registry.push_image(pair.push, pair.name, None, [b"inner"], ARM)]
    outer = {"schemaVersion": 2, "mediaType": registry.INDEX, "manifests": children}
    pair.digest = registry.push_manifest(pair.push, pair.name, "1", outer)["digest"]
    pair.copy()
    assert pair.tag() == pair.digest


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_index_comes_after_every_index_in_it(pair: Pair, order: tuple[int, int]) -> None:
    def index(tag: str, *children: dict[str, Any]) -> dict[str, Any]:
        manifest = {"schemaVersion": 2, "mediaType": registry.INDEX, "manifests": list(children)}
        return registry.push_manifest(pair.push, pair.name, tag, manifest)

    innermost = index("innermost", registry.push_image(pair.push, pair.name, None, [b"image"], AMD))
    inner = index("inner", index("middle", innermost))
    children = (innermost, inner)  # the innermost one is three levels deep, and one level deep too
    pair.digest = index("1", *(children[each] for each in order))["digest"]
    pair.copy()
    assert pair.tag() == pair.digest
    put = [path.rpartition("/")[2] for path in pair.target.asked("PUT") if "/manifests/" in path]
    assert put.index(innermost["digest"]) < put.index(inner["digest"])


def test_an_existing_copy_is_checked_with_one_request_and_not_sent_again(pair: Pair) -> None:
    pair.copy()
    pair.target.requests.clear()
    pair.source.requests.clear()
    pair.copy()
    assert [method for method, _ in pair.target.requests if method != "GET"] == ["HEAD"]
    assert pair.source.requests == []


def test_a_copy_to_another_repository_of_the_target_sends_no_content(pair: Pair) -> None:
    pair.copy()
    pair.target.requests.clear()
    pair.copy("mirror/other")
    assert pair.tag("mirror/other") == pair.digest
    assert pair.uploads() == []


def test_a_copy_to_another_repository_of_the_source_sends_no_content(pair: Pair) -> None:
    pair.target = pair.source
    pair.copy("mirror/other")
    assert pair.tag("mirror/other") == pair.digest
    assert pair.uploads() == []


def test_the_tag_is_written_last(pair: Pair) -> None:
    pair.copy()
    assert pair.target.asked("PUT", "POST")[-1].endswith("/manifests/1")


def test_progress_ends_with_the_total(pair: Pair) -> None:
    message: list[tuple[int, int]] = []
    pair.copy(report=lambda done, total: message.append((done, total)))
    done, total = max(message)
    assert done == total > 305_020


def test_an_interrupted_copy_ends_and_the_next_one_completes_it(pair: Pair) -> None:
    message = refusal(lambda: pair.copy(report=lambda done, total: pair.copier.interrupt()))
    assert message == "the copy was interrupted"
    assert pair.tag() is None
    pair.copier = ImageCopier()
    pair.copy()
    assert pair.tag() == pair.digest


def test_a_tag_of_another_image_is_moved(pair: Pair) -> None:
    pair.copy()
    pair.image()
    pair.copy()
    assert pair.tag() == pair.digest


WRITING = ("POST", "PUT")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("POST", "uploads", 401), "it refuses the credentials"),
        (Fault("POST", "uploads", 403), "it denies access to these credentials"),
        (Fault("PUT", "uploads", 507), "its storage is full"),
        (Fault("PUT", "uploads", 500, body=b'{"errors":[{"message":"disk full"}]}'), "500: disk full"),
        (Fault("PUT", "uploads", cut=True), "ended the connection"),
        (Fault("PUT", "uploads", 502), "status 502"),
        (Fault("PUT", "manifests/sha256", 500), "status 500"),
        (Fault("PUT", "manifests/1", 409, body=b'{"errors":[{"code":"DENIED"}]}'), "409: DENIED"),
        (Fault("POST", "uploads", 429, {"Retry-After": "600"}), "too many requests"),
    ],
    ids=lambda value: f"{value.method} {value.status or 'cut'}" if isinstance(value, Fault) else "",
)
def test_a_failed_copy_writes_no_tag_and_the_next_one_completes_it(
    pair: Pair, fault: Fault, expected: str
) -> None:
    pair.target.faults.append(replace(fault))
    message = refusal(pair.copy)
    assert expected in message
    assert pair.target.host in message
    assert pair.tag() is None
    pair.target.faults.clear()
    pair.copy()
    assert pair.tag() == pair.digest


def test_content_that_was_sent_before_a_failure_is_not_sent_again(pair: Pair) -> None:
    pair.target.faults.append(Fault("PUT", "manifests/1", 403))
    refusal(pair.copy)
    pair.target.requests.clear()
    pair.target.faults.clear()
    pair.copy()
    assert pair.uploads() == []
    assert pair.target.asked("PUT") == [f"/v2/{pair.name}/manifests/1"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PUT", "uploads", cut=True, times=2),
        Fault("PUT", "uploads", 503, times=2),
        Fault("HEAD", "blobs", 500, times=2),
    ],
    ids=["cut", "unavailable", "failed"],
)
def test_a_temporary_fault_is_retried(pair: Pair, fault: Fault) -> None:
    pair.target.faults.append(replace(fault))  # a copy of it, since it counts down
    pair.copy()
    assert pair.tag() == pair.digest
    assert pair.waited


def test_a_permanent_failure_is_retried_a_few_times_with_growing_pauses(pair: Pair) -> None:
    pair.image({AMD: []})
    pair.target.faults.append(Fault("POST", "uploads", 500))
    refusal(pair.copy)
    assert pair.waited == [1, 2, 4]


def test_the_retry_after_of_a_registry_is_observed(pair: Pair) -> None:
    pair.source.faults.append(Fault("GET", "manifests", 429, {"Retry-After": "7"}, times=1))
    pair.copy()
    assert pair.waited == [7]


@pytest.mark.parametrize("path", ["blobs", "manifests"])
def test_content_with_another_digest_is_never_accepted(pair: Pair, path: str) -> None:
    pair.source.faults.append(Fault("GET", path, spoils=True))
    assert f"{pair.source.host} returns content with another digest" in refusal(pair.copy)
    assert pair.tag() is None
    at = f"http://{pair.target.host}/v2/{pair.name}/blobs"
    assert {pair.push.head(f"{at}/{each}").status_code for each in pair.layers} == {404}


def test_content_that_was_corrupted_once_is_read_again(pair: Pair) -> None:
    pair.source.faults.append(Fault("GET", "blobs", spoils=True, times=1))
    pair.copy()
    assert pair.tag() == pair.digest


def test_a_missing_platform_ends_the_copy_before_anything_is_written(pair: Pair) -> None:
    message = refusal(lambda: pair.copy(platforms=(ARM, "linux/s390x")))
    assert message == f"the image has no linux/s390x; it has {AMD}, {ARM}"
    assert pair.target.asked(*WRITING) == []


def test_a_digest_that_the_source_does_not_have(pair: Pair) -> None:
    pair.digest = registry.digest(b"another")
    message = refusal(pair.copy)
    assert f"reading {pair.name}@{pair.digest}" in message
    assert "404" in message
    assert pair.target.asked(*WRITING) == []


@pytest.mark.parametrize(
    "manifest",
    [
        {"mediaType": registry.IMAGE, "config": {"digest": "sha256:../../etc", "size": 1}, "layers": []},
        {"mediaType": registry.IMAGE},
        {"mediaType": "application/vnd.docker.distribution.manifest.v1+json"},
        [],
    ],
    ids=["an invalid digest", "no parts", "an old kind", "not a mapping"],
)
def test_an_invalid_manifest_is_refused(pair: Pair, manifest: Any) -> None:
    body = json.dumps(manifest).encode()
    pair.digest = registry.digest(body)
    pair.source.faults.append(Fault("GET", "manifests", 200, {"Content-Type": registry.IMAGE}, body))
    assert "its manifest" in refusal(pair.copy)
    assert pair.target.asked(*WRITING) == []


def test_a_registry_that_cannot_be_reached(pair: Pair, hosts: tuple[str, str]) -> None:
    with relaying(hosts[1]) as gone:
        pass
    pair.target.host = gone.host
    assert f"{gone.host} cannot be reached: connection refused" in refusal(pair.copy)
