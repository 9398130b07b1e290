"""Images that `allowed_images` and `allowed_services` of the runner do not allow."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.host_tree import Doctor, HostTree

NAME = "image-refused"
DIGEST = "@sha256:" + "0" * 64


@pytest.fixture(name="found")
def _found(doctor: Doctor, host: HostTree, tmp_path: Path) -> Any:
    """The refused images of a pipeline on a runner with some settings of `[runners.docker]`."""

    def found(pipeline: dict[str, Any], **settings: Any) -> dict[str, dict[str, str]]:
        host.runner(**settings)
        file = tmp_path / ".gitlab-ci.yml"
        file.write_text(json.dumps(pipeline))
        answer = doctor.json("job", str(file), "--root", str(host.root), "--offline")
        return {each["where"]: each for each in answer["findings"] if each["name"] == NAME}

    return found


@pytest.mark.parametrize(
    ("image", "patterns", "refused"),
    [
        ("alpine:3", [], False),
        ("alpine:3", ["alpine:*"], False),
        ("docker.io/library/alpine:3", ["alpine:*"], True),
        ("alpine:$TAG", ["alpine:3"], False),
        ("alpine:3", ["ruby:*", "python:*"], True),
        ("alpine:3", ["**/*@sha256:*"], True),
        (f"alpine:3{DIGEST}", ["**/*@sha256:*"], False),
        ("default:1", ["ruby:*"], False),
    ],
)
def test_the_image_of_a_job(found: Any, image: str, patterns: list[str], refused: bool) -> None:
    pipeline = {"a": {"image": image, "script": ["x"], "variables": {"TAG": "3"}}}
    assert list(found(pipeline, image="default:$V", environment={"V": "1"}, allowed_images=patterns)) == (
        [image] if refused else []
    )


def test_the_default_image_of_the_runner_is_always_allowed(found: Any) -> None:
    settings = {"image": "default:1", "allowed_images": ["ruby:*"], "allowed_services": ["redis:*"]}
    own = {**settings, "services": [{"name": "postgres:17"}], "helper_image": "helper:1"}
    assert found({"a": {"script": ["x"]}}, **own) == {}


def test_services_have_their_own_list(found: Any) -> None:
    pipeline = {
        "a": {"image": "ruby:3", "services": ["redis:7", "postgres:17", "mysql:8"], "script": ["x"]},
        "b": {"image": "redis:7", "script": ["x"]},
    }
    lists = {"allowed_images": ["ruby:*"], "allowed_services": ["redis:*"]}
    refused = found(pipeline, **lists, services=[{"name": "mysql:8"}])
    assert {image: each["what"] for image, each in refused.items()} == {
        "postgres:17": "as service of a, no pattern of allowed_services of the runner matches it: 'redis:*'",
        "redis:7": "as image of b, no pattern of allowed_images of the runner matches it: 'ruby:*'",
    }


def test_the_fix_of_an_image_without_a_digest(found: Any) -> None:
    pipeline = {"a": {"image": "alpine:3", "script": ["x"]}}
    fix = found(pipeline, allowed_images=["**/*@sha256:*"])["alpine:3"]["fix"]
    assert fix == "write the image with its digest: `runner-doctor pin` does it"
    fix = found(pipeline, allowed_images=["ruby:*"])["alpine:3"]["fix"]
    assert fix.endswith("or add a pattern to allowed_images of the runner")


def test_a_stack_that_requires_digests(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text(
        "config:\n  aws:region: eu-west-1\n  gitlab:baseUrl: https://gitlab.example.com/api/v4/\n"
        "  gitlab-runner:stack: {runners: {build: {group: 42, host: {}, require_digests: true}}}\n"
    )
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(json.dumps({"a": {"image": "ruby:3"}, "b": {"image": f"ruby:3{DIGEST}"}}))
    stack = ("--stack", "prod", "--stacks-dir", str(tmp_path), "--account", "123456789012")
    found = doctor.json("job", str(file), *stack, "--offline")["findings"]
    assert [(each["name"], each["where"]) for each in found] == [(NAME, "ruby:3")]
