"""The base images of a Dockerfile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.images.dockerfile import base_images

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("dockerfile", "images"),
    [
        ("FROM debian:12", ["docker.io/library/debian:12"]),
        ("from --platform=$BUILDPLATFORM registry.example.com:5000/a/b", ["registry.example.com:5000/a/b"]),
        (f"FROM debian:12@{DIGEST}", [f"docker.io/library/debian:12@{DIGEST}"]),
        ("FROM scratch\nCOPY file /", []),
        ("# FROM a\nFROM b", ["docker.io/library/b"]),
        ("FROM a AS Build\nFROM b\nCOPY --from=build /x /x", ["docker.io/library/a", "docker.io/library/b"]),
        ("FROM a AS build\nFROM build", ["docker.io/library/a"]),
        ("FROM a\nFROM a", ["docker.io/library/a"]),
        ("FROM a\nCOPY --chown=1 --from=tools:1 /x /x\nCOPY --from=0 /y /y",
         ["docker.io/library/a", "docker.io/library/tools:1"]),
        ("FROM \\\n  # why\n  a \\\n  AS b", ["docker.io/library/a"]),
        ("ARG TAG=12\nFROM debian:$TAG", ["docker.io/library/debian:12"]),
        ("ARG BASE=debian TAG=12\nARG IMAGE=${BASE}:${TAG}\nFROM ${IMAGE}", ["docker.io/library/debian:12"]),
        ("ARG TAG\nFROM debian:${TAG:-11}", ["docker.io/library/debian:11"]),
        ("FROM a\nARG TAG=12\nFROM debian:$TAG", ["docker.io/library/a"]),
        ("ARG TAG=\nFROM debian:${TAG:-11}", ["docker.io/library/debian:11"]),
        ("ARG TAG=\nFROM debian${TAG-:11}", ["docker.io/library/debian"]),
        ("ARG TAG\nFROM debian${TAG-:11}", ["docker.io/library/debian:11"]),
        ("ARG TAG=12\nFROM debian:${TAG:+13}", ["docker.io/library/debian:13"]),
        ("ARG TAG=\nFROM debian${TAG:+:13}", ["docker.io/library/debian"]),
        ("ARG TAG=\nFROM debian${TAG+:13}", ["docker.io/library/debian:13"]),
        ('FROM "debian:12"', ["docker.io/library/debian:12"]),
        ("FROM a\nRUN <<EOF\nFROM b\nEOF\nFROM c", ["docker.io/library/a", "docker.io/library/c"]),
        ("FROM a\nRUN <<EOF\n\tEOF\nFROM b\nEOF\n", ["docker.io/library/a"]),
        ("FROM a\nRUN <<-'EOF'\nFROM b\n\tEOF\nFROM c", ["docker.io/library/a", "docker.io/library/c"]),
        ("FROM a\nCOPY <<ONE <<TWO /\nTWO\nFROM b\nONE\nFROM c\nTWO", ["docker.io/library/a"]),
        ("FROM a\nRUN --network=none --mount=type=bind,from=tools:2,target=/t --mount=from=b,target=/b true",
         ["docker.io/library/a", "docker.io/library/tools:2", "docker.io/library/b"]),
        ("FROM a AS one\nRUN --mount=from=one,target=/t true", ["docker.io/library/a"]),
        ("FROM a\nRUN echo --mount=from=b", ["docker.io/library/a"]),
        ("# syntax=docker/dockerfile:1\n# escape=`\nFROM a `\n AS x\nFROM x",
         ["docker.io/library/a"]),
        ("# escape=\\\n# check=`\nFROM a \\\n AS x\nFROM x", ["docker.io/library/a"]),
        ("\n# escape=`\nFROM a \\\n AS x\nFROM x", ["docker.io/library/a"]),
        ("FROM a \\\n\n  AS x\nFROM x", ["docker.io/library/a"]),
        ("# a path: c:\\\nFROM a", ["docker.io/library/a"]),
        ("FROM $UNKNOWN", []),
        ("ARG OPEN='\nFROM a", ["docker.io/library/a"]),
        ("FROM not//one", []),
        ("", []),
    ],
)  # fmt: skip
def test_base_images_are_found(dockerfile: str, images: list[str]) -> None:
    assert base_images(dockerfile, {}) == images


def test_a_build_argument_overrides_the_default() -> None:
    assert base_images("ARG TAG=12\nFROM debian:$TAG", {"TAG": "13"}) == ["docker.io/library/debian:13"]


def test_a_build_argument_that_is_not_declared_changes_nothing() -> None:
    assert base_images("FROM debian:${TAG:-12}", {"TAG": "13"}) == ["docker.io/library/debian:12"]


@given(st.text(alphabet="FROM fromARGargCOPYcopy--=${}:\\\n'\"#ab0"))
def test_any_text_can_be_read(text: str) -> None:
    assert all("scratch" not in image for image in base_images(text, {"A": text}))
