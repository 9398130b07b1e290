"""`ImageMirror` alone and in a stack: its resources and its outputs."""

import json
from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner import ImageMirror, RunnerStack

from tests.components.recording import ACCOUNT, REGION, Recording, Registered, digest_of, run
from tests.spec.declaration import declaration
from tests.spec.test_mirrors import mirrored

MIRRORED = "gitlab-runner:index:MirroredImage"
VARIABLE = "gitlab:index/groupVariable:GroupVariable"
ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PASSWORD = "canary-of-the-password"
DIGEST = "sha256:" + "a" * 64
LEGACY: Any = {
    "host": "registry.example.com:5000",
    "static": {"username": "me", "password": pulumi.Output.secret(PASSWORD)},
}


def images_of(recording: Recording) -> dict[str, Registered]:
    return {name: each for (kind, name), each in recording.registered.items() if kind == MIRRORED}


def test_a_public_image_is_mirrored_to_ecr() -> None:
    def program() -> Any:
        mirror = ImageMirror(
            "public",
            {
                "registry": "team",
                "images": {"postgres": {"image": f"postgres:17@{DIGEST}", "platforms": ["linux/arm64"]}},
                "registries": {"team": {"ecr": {}, "repositories": {"mirror/postgres": {}}}},
            },
        )
        return {"images": mirror.images, "digests": mirror.digests}

    recording, outputs = run(program)
    assert recording.lacking_outputs() == set()
    (mirrored_image,) = images_of(recording).values()
    assert mirrored_image.parent == "gitlab-runner:index:ImageMirror::public"
    assert mirrored_image.inputs == {
        "source": "docker.io/library/postgres:17",
        "digest": DIGEST,
        "target": f"{ECR}/mirror/postgres:17",
        "platforms": ["linux/arm64"],
        "delete": False,
    }
    assert outputs == {
        "images": {"postgres": f"{ECR}/mirror/postgres:17@{DIGEST}"},
        "digests": {"postgres": DIGEST},
    }


def test_declared_passwords_are_secrets_for_source_and_target() -> None:
    recording, _ = run(
        lambda: ImageMirror(
            "own",
            {
                "registry": "legacy",
                "images": {"app": {"image": "legacy/team/app:1", "repository": "mirror/app"}},
                "registries": {"legacy": LEGACY},
            },
        )
    )
    (mirrored_image,) = images_of(recording).values()
    assert mirrored_image.inputs["source"] == "registry.example.com:5000/team/app:1"
    assert mirrored_image.secrets == {"sourceCredentials", "targetCredentials"}
    assert mirrored_image.inputs["targetCredentials"] == {"username": "me", "password": PASSWORD}


def test_images_depend_on_their_repositories_and_hosts_on_the_images() -> None:
    declared = mirrored(variables={"group": 42, "prefix": "OUR_"})
    declared["runners"]["build"]["image"] = "team/mirror/postgres:17"
    recording, outputs = run(lambda: RunnerStack("ci", declared).mirrors)  # type: ignore[arg-type]
    (mirrored_image,) = images_of(recording).values()
    dependencies = mirrored_image.request.propertyDependencies["target"].urns
    assert any(urn.endswith("aws:ecr/repository:Repository::ci-team/mirror/postgres") for urn in dependencies)
    reference = outputs["public"]["postgres"]
    digest = digest_of({key: value for key, value in mirrored_image.inputs.items() if key != "digest"})
    assert reference == f"{ECR}/mirror/postgres:17@{digest}"
    files = recording.registered["aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"].inputs["content"]
    assert reference in json.loads(files)["etc/gitlab-runner/config.toml"]["content"]
    variable = recording.registered[VARIABLE, "ci-public-group-42-OUR_POSTGRES"]
    assert (variable.inputs["value"], variable.inputs["masked"]) == (reference, False)
    variables = recording.registered["gitlab-runner:index:CiVariables", "ci-public"]
    assert variables.parent == "gitlab-runner:index:ImageMirror::ci-public"


def test_the_output_of_a_stack_without_mirrors_is_empty() -> None:
    assert run(lambda: RunnerStack("ci", declaration()).mirrors)[1] == {}  # type: ignore[arg-type]


def test_an_invalid_mirror_is_refused_before_anything_is_registered() -> None:
    seen: list[Recording] = []
    invalid: Any = {"registry": "team", "images": {}, "registries": {"team": {"ecr_public": {}}}}
    with pytest.raises(pulumi.RunError, match=r"public\.images"):
        run(lambda: ImageMirror("public", invalid), seen=seen)
    assert seen[0].requests == []
