"""Why credentials do not apply to an image, and likely mistakes in an entry of a Docker configuration."""

import pytest
from pulumi_gitlab_runner.auth.resolution.reasons import credential_traps, key_traps, no_match
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.runner_version import RunnerVersion

OLD, NEW = RunnerVersion(17, 4), RunnerVersion(17, 5)
ONLY_THE_HOST = "after https:// only the host counts, so it is for all of a.example"
BEFORE = "before runner 17.5 only the host counts, so it is for all of a.example"
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("entry", "image", "reason"),
    [
        (
            "registry.docker.io",
            "docker.io/app",
            "Docker Hub's key is docker.io or https://index.docker.io/v1/, not registry.docker.io",
        ),
        ("registry.docker.io", "a.example/app", "the image is on a.example"),
        ("b.example", "a.example/app", "the image is on a.example"),
        (
            "a.example",
            "a.example:443/app",
            "the ports differ: the key says a.example, the image a.example:443",
        ),
        (
            "a.example/app",
            f"a.example/app@{DIGEST}",
            (
                f"an image with a digest and no tag is looked for as a.example/app@{DIGEST}: "
                "write name:tag@digest, or a key for the host or a folder above"
            ),
        ),
        ("docker.io/library", "docker.io/app", "the runner looks for docker.io/app, without library/"),
        ("docker.io/library/app", "docker.io/app", "the runner looks for docker.io/app, without library/"),
        *(
            (entry, image, f"{entry} is neither {image} nor above it")
            for entry, image in (
                ("docker.io/library", "docker.io/team/app"),
                ("docker.io/libraryapp", "docker.io/app"),
                ("a.example/library", "a.example/app"),
                ("a.example/app", "a.example/team/app"),
            )
        ),
    ],
)
def test_why_a_key_does_not_match_an_image(entry: str, image: str, reason: str) -> None:
    assert no_match(entry, image) == reason


@pytest.mark.parametrize(
    ("key", "version", "traps"),
    [
        ("a.example", OLD, ()),
        ("a.example/team", OLD, (BEFORE,)),
        ("a.example/team", NEW, ()),
        ("https://a.example", OLD, ()),
        ("https://a.example/", NEW, ()),
        ("https://a.example/v1/", NEW, ()),
        ("https://a.example/v2", NEW, ()),
        ("https://a.example/team", NEW, (ONLY_THE_HOST,)),
        ("https://a.example/v3/", OLD, (ONLY_THE_HOST,)),
    ],
)
def test_a_key_that_matches_more_than_it_names(
    key: str, version: RunnerVersion, traps: tuple[str, ...]
) -> None:
    assert key_traps(key, version) == traps


@pytest.mark.parametrize(
    ("credentials", "noted"),
    [
        (None, False),
        (Credentials("me", Secret("pass word")), False),
        (Credentials("me ", Secret("word")), True),
        (Credentials("me", Secret("word\n")), True),
        (Credentials("me", Secret(" word")), True),
    ],
)
def test_white_space_around_a_user_or_password(credentials: Credentials | None, *, noted: bool) -> None:
    assert credential_traps(credentials) == (
        ("its user or password begins or ends with white space, such as a newline encoded with it",)
        if noted
        else ()
    )
