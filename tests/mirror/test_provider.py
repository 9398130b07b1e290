"""The provider of mirrored images: which digest it accepts, what changes, and what it deletes."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pulumi.runtime.rpc import UNKNOWN
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.mirror import ecr
from pulumi_gitlab_runner.mirror.provider import MirroredImages
from pulumi_gitlab_runner.registry.repository import Repository
from pulumi_gitlab_runner.registry.transfer import TransferError

from tests.registry import loopback_registry, memory_registry
from tests.registry.double import DIGEST, PASSWORD, USERNAME, RegistryDouble, serving

BEFORE = "sha256:" + "b" * 64
CREDENTIALS = {"username": USERNAME, "password": PASSWORD}
ECR_HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture
def source() -> Iterator[RegistryDouble]:
    """A registry with `team/app:1`."""
    with serving(RegistryDouble()) as double:
        yield double


def inputs(source: RegistryDouble, **more: Any) -> dict[str, Any]:
    """The inputs of a resource that copies from the registry."""
    known = {"source": f"{source.host}/team/app:1", "target": "own.example/app:1"}
    return known | {"sourceCredentials": CREDENTIALS} | more


@dataclass
class Check:
    """The check of an image in a preview: the digest that it accepts, and its warnings."""

    images: MirroredImages
    source: RegistryDouble
    warnings: list[str] = field(default_factory=list)

    def __call__(self, old: str | None = None, **more: Any) -> str:
        before = {} if old is None else inputs(self.source, digest=old)
        return self.images.accepted_digest(before, inputs(self.source) | more, self.warnings.append)


@pytest.fixture
def images() -> Iterator[MirroredImages]:
    with closing(MirroredImages()) as made:
        yield made


@pytest.fixture
def accepted(images: MirroredImages, source: RegistryDouble) -> Check:
    return Check(images, source)


def test_a_new_image_gets_the_digest_that_its_tag_has(accepted: Check) -> None:
    assert (accepted(), accepted.warnings) == (DIGEST, [])


def test_a_moved_tag_changes_nothing_and_is_reported(accepted: Check) -> None:
    assert accepted(old=BEFORE) == BEFORE
    (warning,) = accepted.warnings
    assert f"team/app:1 has moved: it is {DIGEST} now, and the mirror keeps {BEFORE}" in warning
    assert warning.endswith(f"declare {accepted.source.host}/team/app:1@{DIGEST}")


def test_a_new_digest_is_accepted_when_it_is_declared(accepted: Check) -> None:
    assert (accepted(old=BEFORE, digest=DIGEST), accepted.warnings) == (DIGEST, [])


def test_a_declared_digest_overrides_the_tag(accepted: Check) -> None:
    assert accepted(digest=BEFORE) == BEFORE
    assert len(accepted.warnings) == 1


def test_another_source_gets_its_own_digest(accepted: Check) -> None:
    accepted.source.images["team/other:1"] = DIGEST
    other = f"{accepted.source.host}/team/other:1"
    assert accepted(old=BEFORE, source=other) == DIGEST


def test_a_digest_without_a_tag_needs_no_request(accepted: Check) -> None:
    assert accepted(source=f"{accepted.source.host}/team/app", digest=BEFORE) == BEFORE
    assert (accepted.source.requests, accepted.warnings) == ([], [])


def test_an_unavailable_source_is_not_an_error_for_an_accepted_digest(accepted: Check) -> None:
    accepted.source.status = 429
    host = accepted.source.host
    assert accepted(old=BEFORE) == BEFORE
    assert accepted.warnings == [
        f"whether {host}/team/app:1 has moved is not known: {host} received too many requests (429)"
    ]


def test_an_unavailable_source_is_an_error_for_a_new_image(accepted: Check) -> None:
    accepted.source.status = 403
    with pytest.raises(
        TransferError, match=r"its digest cannot be resolved: .* denies access to these credentials"
    ):
        accepted()


def test_aws_is_asked_for_a_password_only_for_ecr(accepted: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    def credentials_for(host: str) -> Credentials:
        raise TransferError(f"no password for {host}")

    monkeypatch.setattr(ecr, "credentials_for", credentials_for)
    with pytest.raises(TransferError, match=f"its digest cannot be resolved: no password for {ECR_HOST}"):
        accepted(source=f"{ECR_HOST}/app:1", sourceCredentials=None)
    accepted.source.scheme = ""
    assert accepted(sourceCredentials=None) == DIGEST


@pytest.mark.parametrize("credentials", [UNKNOWN, {"username": USERNAME, "password": UNKNOWN}])
def test_an_unknown_password_leaves_the_digest_unknown(accepted: Check, credentials: Any) -> None:
    assert accepted(sourceCredentials=credentials) == UNKNOWN
    assert accepted.source.requests == []


@pytest.mark.parametrize(
    ("changed", "replaces"),
    [
        ({}, ()),
        ({"digest": DIGEST}, ()),
        ({"target": "own.example/app:2"}, ("target",)),
        ({"delete": True}, ()),
    ],
)
def test_which_changes_replace_the_resource(
    images: MirroredImages, source: RegistryDouble, changed: dict[str, Any], replaces: tuple[str, ...]
) -> None:
    before = inputs(source, digest=BEFORE)
    found = images.difference(before, images.outputs(before), before | changed)
    assert (set(found.changed), found.replaces) == (set(changed), replaces)


@pytest.mark.parametrize("target_digest", ["", DIGEST])
def test_an_image_that_is_missing_or_changed_at_the_target_is_copied_again(
    images: MirroredImages, source: RegistryDouble, target_digest: str
) -> None:
    declared = inputs(source, digest=BEFORE)
    found = images.difference(declared, images.outputs(declared) | {"digest": target_digest}, declared)
    assert found.changed == ("digest",)


def test_the_state_has_the_reference_and_no_password(images: MirroredImages, source: RegistryDouble) -> None:
    state = images.outputs(inputs(source, digest=DIGEST, targetCredentials=CREDENTIALS))
    assert state["reference"] == f"own.example/app:1@{DIGEST}"
    assert PASSWORD not in str(state)


def test_a_failed_copy_names_both_ends_and_no_password(
    images: MirroredImages, source: RegistryDouble
) -> None:
    declared = inputs(
        source, digest=BEFORE, target=f"{source.host}/mirror/app:1", targetCredentials=CREDENTIALS
    )
    source.status = 403
    with pytest.raises(TransferError) as caught:
        images.copy(declared, lambda done, total: None)
    assert f"{source.host}/team/app:1@{BEFORE} is not copied to {source.host}/mirror/app:1" in str(
        caught.value
    )
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "tagged"), [("mirror/app:2", "mirror/app:2"), ("mirror/app", "mirror/app:latest")]
)
def test_an_image_is_copied_and_deleted_under_its_tag(
    images: MirroredImages, target: str, tagged: str
) -> None:
    with (
        memory_registry.serving() as host,
        httpx.Client(base_url=f"http://{host}", verify=loopback_registry.WITHOUT_TLS) as push,
    ):
        image = loopback_registry.push_index(push, "team/app", "1", {"linux/amd64": [b"layer"]})
        declared = {"source": f"{host}/team/app:1", "target": f"{host}/{target}", "digest": image["digest"]}
        with pytest.raises(TransferError, match="the image has no linux/arm64; it has linux/amd64"):
            images.copy(declared | {"platforms": ["linux/arm64"]}, lambda done, total: None)
        assert images.digest_at_target(declared) is None
        images.copy(declared | {"platforms": ["linux/amd64"]}, lambda done, total: None)
        assert images.digest_at_target(declared | {"target": f"{host}/{tagged}"}) == image["digest"]
        images.delete(declared | {"delete": True}, BEFORE)
        assert images.digest_at_target(declared) == image["digest"]
        images.delete(declared | {"delete": True}, image["digest"])
        assert images.digest_at_target(declared) is None


def test_an_interrupt_ends_copies(images: MirroredImages, source: RegistryDouble) -> None:
    images.interrupt()
    with pytest.raises(TransferError, match="the copy was interrupted"):
        images.copy(inputs(source, digest=DIGEST), lambda done, total: None)


def test_no_image_is_copied_after_closing() -> None:
    with closing(MirroredImages()) as images:
        assert images._copier._each([1], str) == ["1"]
    with pytest.raises(RuntimeError, match="after shutdown"):
        images._copier._each([1], str)


@pytest.fixture
def ecr_has(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """ECR with immutable tags and another image under the tag; gives the list of deleted images."""
    deleted: list[str] = []
    monkeypatch.setattr(ecr, "credentials_for", lambda host: Credentials("AWS", Secret("a-token")))
    monkeypatch.setattr(ecr, "may_move", lambda host, repository, tag: False)
    monkeypatch.setattr(ecr, "delete_tag", lambda *where: deleted.append(":".join(where)))
    monkeypatch.setattr(Repository, "digest", lambda repository, reference: BEFORE)
    return deleted


def test_an_immutable_tag_of_another_image_is_an_error_before_any_request(
    images: MirroredImages, source: RegistryDouble, ecr_has: list[str]
) -> None:
    declared = inputs(source, digest=DIGEST, target=f"{ECR_HOST}/mirror/app:1")
    with pytest.raises(TransferError) as caught:
        images.copy(declared, lambda done, total: None)
    assert f"the tag is immutable, and has the digest {BEFORE}" in str(caught.value)
    assert "'1' under mutable_tags of the repository 'mirror/app'" in str(caught.value)
    assert source.requests == []


def test_an_immutable_tag_of_the_same_image_is_kept(
    images: MirroredImages, source: RegistryDouble, ecr_has: list[str]
) -> None:
    images.copy(inputs(source, digest=BEFORE, target=f"{ECR_HOST}/mirror/app:1"), lambda done, total: None)
    assert source.requests == []


@pytest.mark.parametrize(
    ("delete", "digest", "deleted"),
    [
        (False, BEFORE, []),
        (True, BEFORE, [f"{ECR_HOST}:mirror/app:1"]),
        (True, DIGEST, []),
    ],
    ids=["not asked", "asked", "moved by someone else"],
)
def test_an_image_is_deleted_only_if_that_is_declared_and_its_tag_has_not_moved(
    images: MirroredImages,
    source: RegistryDouble,
    ecr_has: list[str],
    delete: bool,
    digest: str,
    deleted: list[str],
) -> None:
    declared = inputs(source, target=f"{ECR_HOST}/mirror/app:1", delete=delete)
    images.delete(declared, digest)
    assert ecr_has == deleted
