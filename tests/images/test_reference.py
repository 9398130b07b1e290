"""Image references: the Docker command line's grammar, and messages that say how to fix a bad one."""

from contextlib import suppress
from dataclasses import replace

import pytest
from docker_image.digest import InvalidDigest
from docker_image.reference import InvalidReference, Reference
from hypothesis import example, given
from hypothesis import strategies as st
from pulumi_gitlab_runner.images.reference import (
    ImageReference,
    InvalidImageReference,
    parse,
    without_password,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("nginx", "docker.io/library/nginx", "nginx"),
        ("nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"),
        ("library/nginx", "docker.io/library/nginx", "nginx"),
        ("docker.io/nginx", "docker.io/library/nginx", "nginx"),
        ("index.docker.io/nginx", "docker.io/library/nginx", "nginx"),
        ("team/app:1", "docker.io/team/app:1", "team/app:1"),
        ("docker.io/team/app", "docker.io/team/app", "team/app"),
        (f"team/app@{DIGEST}", f"docker.io/team/app@{DIGEST}", f"team/app@{DIGEST}"),
        (f"nginx:1@{DIGEST}", f"docker.io/library/nginx:1@{DIGEST}", f"nginx:1@{DIGEST}"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/app", "localhost:5000/app", "localhost:5000/app"),
        (
            "registry.example.com:5000/a/b/c:1",
            "registry.example.com:5000/a/b/c:1",
            "registry.example.com:5000/a/b/c:1",
        ),
        ("Registry.Example.com/app", "Registry.Example.com/app", "Registry.Example.com/app"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
        # Without docker.io/ these would be other registries, or the identifier of an image.
        ("docker.io/example.com/app", "docker.io/example.com/app", "docker.io/example.com/app"),
        ("docker.io/localhost/app", "docker.io/localhost/app", "docker.io/localhost/app"),
        ("docker.io/library/" + "a" * 64, "docker.io/library/" + "a" * 64, "library/" + "a" * 64),
    ],
)
def test_names_have_a_full_and_a_familiar_form(text: str, full: str, familiar: str) -> None:
    reference = parse(text)
    assert str(reference) == full
    assert reference.familiar == familiar
    assert parse(full) == parse(familiar) == reference


def test_the_parts_of_a_reference() -> None:
    assert parse(f"registry.example.com:5000/team/app:1.2@{DIGEST}") == ImageReference(
        registry="registry.example.com:5000", repository="team/app", tag="1.2", digest=DIGEST
    )
    assert parse("nginx") == ImageReference("docker.io", "library/nginx", None, None)
    assert parse("registry.example.com/app:1").name == "registry.example.com/app"


def test_a_digest_can_be_added_to_a_tag() -> None:
    assert (
        str(replace(parse("registry.example.com/app:1"), digest=DIGEST))
        == f"registry.example.com/app:1@{DIGEST}"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("nginx\n", "white space"),
        ("nginx latest", "white space"),
        ("nginx\x00", "control character"),
        ("https://registry.example.com/app", "without"),
        ("$CI_REGISTRY/app:${TAG}", "variable that was not expanded"),
        ("app:${TAG:-1}", "write $NAME or ${NAME}"),
        ("a" * 64, "identifier of a local image"),
        (DIGEST, "identifier of a local image"),
        ("registry.example.com/Team/app", "lowercase"),
        ("registry.example.com/", "between slashes is empty"),
        ("registry.example.com//app", "between slashes is empty"),
        ("registry.example.com:5000//app", "between slashes is empty"),
        ("registry.example.com/:1", "between slashes is empty"),
        ("registry.example.com:5000/a_-b", "lower-case letters"),
        ("registry.example.com/a_-b:1", "lower-case letters"),
        ("a_-b", "lower-case letters"),
        ("registry.example.com/app:", "'' is not a tag"),
        ("registry.example.com/app:-1", "'-1' is not a tag"),
        ("registry.example.com/app:" + "t" * 129, "is not a tag"),
        ("registry.example.com/app:1@sha256:abc", "'sha256:abc' is not a digest"),
        ("registry.example.com/app@md5:" + "a" * 32, "digest"),
        ("registry.example.com/app@sha256:" + "A" * 64, "digest"),
        ("registry.example.com/app:1:2", "lower-case letters"),
        ("registry.example.com/a" + "a" * 255, "255 characters"),
    ],
)
def test_an_invalid_reference_is_reported_with_its_path_and_the_allowed_form(
    text: str, expected: str
) -> None:
    with pytest.raises(InvalidImageReference) as raised:
        parse(text, "stack.runners.build.image")
    message = str(raised.value)
    assert message.startswith("stack.runners.build.image: ")
    assert expected in message
    assert "[HOST[:PORT]/]REPOSITORY[:TAG]" in message


@pytest.mark.parametrize(
    "text", ["https://user:hunter2@registry.example.com/app", "user:hunter2@registry.example.com/app"]
)
def test_a_password_in_a_reference_is_not_repeated(text: str) -> None:
    with pytest.raises(InvalidImageReference) as raised:
        parse(text)
    assert "hunter2" not in str(raised.value)


def test_only_credentials_before_a_host_are_removed() -> None:
    assert (
        without_password("https://user:hunter2@registry.example.com/v2/")
        == "https://…@registry.example.com/v2/"
    )
    assert without_password(f"app:1@{DIGEST}") == f"app:1@{DIGEST}"


REFERENCE_LIKE = st.text(alphabet="aB0./:@-_[]$ \n", max_size=40)
REFERENCES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "team/", "docker.io/", "localhost/", "Registry.Example.com:5000/", "[::1]:5000/"]),
    st.lists(st.sampled_from(["app", "library", "a.b", "a__b", "0--1"]), min_size=1, max_size=4).map(
        "/".join
    ),
    st.sampled_from(["", ":latest", ":_", ":1.2-RC", ":" + "t" * 128]),
    st.sampled_from(["", f"@{DIGEST}"]),
)


@given(REFERENCES | REFERENCE_LIKE)
@example("A/b")
@example("[::1]/a")
def test_the_grammar_is_that_of_docker_image_py(text: str) -> None:
    """The oracle accepts a trailing newline, and does not know variables, which are refused first."""
    try:
        oracle = Reference.parse_normalized_named(text)
    except (InvalidReference, InvalidDigest):
        with pytest.raises(InvalidImageReference):
            parse(text)
        return
    if text.endswith("\n"):
        return
    assert str(parse(text)) == oracle.string()


@given(REFERENCES)
def test_every_form_of_a_reference_parses_back_to_it(text: str) -> None:
    reference = parse(text)
    assert parse(str(reference)) == reference
    assert parse(reference.familiar) == reference


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_is_refused(text: str) -> None:
    with suppress(InvalidImageReference):
        assert parse(text)
