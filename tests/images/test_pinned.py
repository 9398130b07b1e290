"""An image with the digest that its registry returns for it."""

import pytest
from pulumi_gitlab_runner.images.pinned import pinned

DIGEST = "sha256:" + "0" * 64
HOST = "registry.example.com:5000"


@pytest.mark.parametrize(
    ("image", "digest", "expected"),
    [
        (f"{HOST}/app:1", DIGEST, f"{HOST}/app:1@{DIGEST}"),
        (f"{HOST}/app:1", f"2@{DIGEST}", f"{HOST}/app:1@{DIGEST}"),
        (f"{HOST}/app", f"2@{DIGEST}", f"{HOST}/app:2@{DIGEST}"),
        (f"{HOST}/app", DIGEST, f"{HOST}/app:latest@{DIGEST}"),
    ],
)
def test_the_digest_is_added_after_the_tag(image: str, digest: str, expected: str) -> None:
    assert pinned(image, digest) == expected
