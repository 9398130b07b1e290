"""The stand-in without a Docker Engine: what it refuses, and when it builds again."""

import stat
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.docker_build.builder import docker_command
from sandbox.providers.docker_build.context import context_hash
from sandbox.providers.docker_build.provider import DockerBuild
from sandbox.standin.properties import Failure
from sandbox.standin.provider import Refused
from sandbox.standin.values import UNKNOWN, Properties

IMAGE = "docker-build:index:Image"
TAG = "registry.example.com/app:1"


@pytest.fixture
def given(tmp_path: Path) -> Properties:
    """An image as a program gives it."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "app").write_text("1")
    return {
        "push": True,
        "buildOnPreview": False,
        "network": "default",
        "context": {"location": str(tmp_path)},
        "dockerfile": {"location": str(tmp_path / "Dockerfile")},
        "secrets": {"npm": "canary", "apt-key": "canary"},
        "ignoreSecretsInDiffCalculation": ["apt-key", "npm", "new"],
        "tags": [TAG],
    }


def failures(given: Properties) -> list[Failure]:
    return DockerBuild().check(IMAGE, "image", {}, given, b"")[1]


def changes(given: Properties, hashed: str, **others: Any) -> list[str]:
    """The paths of the changes to an image that was built from `given`."""
    made = given | {"contextHash": hashed}
    return [each.path for each in DockerBuild().diff(IMAGE, given, made, given | others).changes]


@pytest.fixture
def hashed(given: Properties) -> str:
    return context_hash(given["context"]["location"], given["dockerfile"]["location"])


def test_inputs_of_the_component_are_accepted(given: Properties) -> None:
    assert failures(given) == []


@pytest.mark.parametrize(
    ("others", "path", "reason"),
    [
        (
            {"cacheTo": []},
            "cacheTo",
            "a property that the sandbox does not serve on docker-build:index:Image",
        ),
        ({"colour": "red"}, "colour", "not a property of docker-build:index:Image"),
        ({"platforms": ["linux/amd64", "linux/arm64"]}, "platforms", "2 items; at most 1 are allowed"),
        ({"tags": [TAG, "Not A Tag"]}, "tags[1]", "invalid reference format"),
        ({"context": {"location": "/none"}}, "context.location", '"/none": not a valid directory or URL'),
        (
            {"dockerfile": {"location": "/none/Dockerfile"}},
            "dockerfile.location",
            "open /none/Dockerfile: no such file or directory",
        ),
        ({"push": False}, "push", "the sandbox serves only images that are pushed"),
        (
            {"buildOnPreview": True},
            "buildOnPreview",
            "the sandbox builds nothing for a preview; set it to false",
        ),
        ({"tags": []}, "tags", "0 items; at least 1 are required"),
    ],
)
def test_unsupported_inputs_are_refused(
    given: Properties, others: Properties, path: str, reason: str
) -> None:
    assert failures(given | others) == [Failure(path, reason)]


def test_the_default_of_build_on_preview_is_that_of_the_official_provider(given: Properties) -> None:
    del given["buildOnPreview"]
    assert [each.path for each in failures(given)] == ["buildOnPreview"]


def test_the_same_inputs_and_files_are_not_a_change(given: Properties, hashed: str) -> None:
    assert changes(given, hashed) == []


def test_a_changed_file_is_a_change(given: Properties, hashed: str, tmp_path: Path) -> None:
    (tmp_path / "app").write_text("2")
    assert changes(given, hashed) == ["contextHash"]


def test_a_file_that_is_ignored_is_not_a_change(given: Properties, tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("# not sent\napp\n")
    hashed = context_hash(given["context"]["location"], given["dockerfile"]["location"])
    (tmp_path / "app").write_text("2")
    assert changes(given, hashed) == []


def test_the_ignore_file_of_the_dockerfile_comes_first(given: Properties, tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("app\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("other\n")
    hashed = context_hash(given["context"]["location"], given["dockerfile"]["location"])
    (tmp_path / "other").write_text("2")
    assert changes(given, hashed) == []
    (tmp_path / "app").write_text("2")
    assert changes(given, hashed) == ["contextHash"]


def test_another_list_of_ignored_secrets_is_not_a_change(given: Properties, hashed: str) -> None:
    assert changes(given, hashed, ignoreSecretsInDiffCalculation=["npm"]) == []


def test_other_values_of_ignored_secrets_are_not_a_change(given: Properties, hashed: str) -> None:
    assert changes(given, hashed, secrets={"npm": "other", "apt-key": "other"}) == []


def test_another_secret_is_a_change(given: Properties, hashed: str) -> None:
    assert changes(given, hashed, secrets=given["secrets"] | {"new": "canary"}) == ["secrets.new"]


def test_an_unknown_context_is_not_an_error(given: Properties, hashed: str) -> None:
    assert changes(given, hashed, context={"location": UNKNOWN}) == ["context.location"]


def test_a_preview_knows_no_digest(given: Properties) -> None:
    _, outputs = DockerBuild().create(IMAGE, given, preview=True)
    assert {outputs[each] for each in ("digest", "ref", "contextHash")} == {UNKNOWN}


def test_it_imports_nothing() -> None:
    with pytest.raises(Refused, match="cannot be imported"):
        DockerBuild().read(IMAGE, "sha256:1", {}, {})


def docker(folder: Path, script: str) -> str:
    """A Docker command line that is this script."""
    folder.mkdir()
    command = folder / "docker"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return str(folder)


OLD = 'echo "Docker version 20.10.24+dfsg1, build 297e128"'
NEW = '[ "$1" = --version ] && echo "Docker version 28.2.2, build e6534b4"'
WITH_PLUGIN = f'{NEW} || echo "github.com/docker/buildx v0.24.0"'


class TestDockerCommand:
    @pytest.fixture(autouse=True)
    def clear_cache(self) -> None:
        docker_command.cache_clear()

    @pytest.mark.parametrize("script", [OLD, WITH_PLUGIN])
    def test_the_first_one_with_buildkit_is_used(
        self, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = [
            docker(tmp_path / "without", NEW),
            docker(tmp_path / "with", script),
            docker(tmp_path / "c", OLD),
        ]
        monkeypatch.setenv("PATH", ":".join(path))
        assert docker_command() == f"{tmp_path}/with/docker"

    @pytest.mark.parametrize(
        ("installed", "reason"),
        [(True, "docker would need the plugin buildx"), (False, "docker is not installed")],
    )
    def test_a_missing_command_is_refused(
        self, installed: bool, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", docker(tmp_path / "bin", NEW) if installed else str(tmp_path))
        with pytest.raises(Refused, match=reason):
            docker_command()
