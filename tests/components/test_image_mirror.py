"""`ImageMirror` by itself and in a stack: what it registers, and what it tells."""

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


def test_a_public_image_into_ecr() -> None:
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

    recording, told = run(program)
    assert recording.lacking_outputs() == set()
    (made,) = images_of(recording).values()
    assert made.parent == "gitlab-runner:index:ImageMirror::public"
    assert made.inputs == {
        "source": "docker.io/library/postgres:17",
        "digest": DIGEST,
        "target": f"{ECR}/mirror/postgres:17",
        "platforms": ["linux/arm64"],
        "delete": False,
    }
    assert told == {
        "images": {"postgres": f"{ECR}/mirror/postgres:17@{DIGEST}"},
        "digests": {"postgres": DIGEST},
    }


def test_declared_passwords_are_secrets_at_both_ends() -> None:
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
    (made,) = images_of(recording).values()
    assert made.inputs["source"] == "registry.example.com:5000/team/app:1"
    assert made.secrets == {"sourceCredentials", "targetCredentials"}
    assert made.inputs["targetCredentials"] == {"username": "me", "password": PASSWORD}


def test_the_images_wait_for_their_repositories_and_the_hosts_for_the_images() -> None:
    declared = mirrored(variables={"group": 42, "prefix": "OUR_"})
    declared["runners"]["build"]["image"] = "team/mirror/postgres:17"
    recording, told = run(lambda: RunnerStack("ci", declared).mirrors)  # type: ignore[arg-type]
    (made,) = images_of(recording).values()
    waits_for = made.request.propertyDependencies["target"].urns
    assert any(urn.endswith("aws:ecr/repository:Repository::ci-team/mirror/postgres") for urn in waits_for)
    reference = told["public"]["postgres"]
    digest = digest_of({key: value for key, value in made.inputs.items() if key != "digest"})
    assert reference == f"{ECR}/mirror/postgres:17@{digest}"
    files = recording.registered["aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"].inputs["content"]
    assert reference in json.loads(files)["etc/gitlab-runner/config.toml"]["content"]
    variable = recording.registered[VARIABLE, "ci-public-group-42-OUR_POSTGRES"]
    assert (variable.inputs["value"], variable.inputs["masked"]) == (reference, False)
    variables = recording.registered["gitlab-runner:index:CiVariables", "ci-public"]
    assert variables.parent == "gitlab-runner:index:ImageMirror::ci-public"


def test_a_stack_without_mirrors_tells_of_none() -> None:
    assert run(lambda: RunnerStack("ci", declaration()).mirrors)[1] == {}  # type: ignore[arg-type]


def test_a_mirror_that_cannot_be_is_refused_before_anything_is_made() -> None:
    seen: list[Recording] = []
    bad: Any = {"registry": "team", "images": {}, "registries": {"team": {"ecr_public": {}}}}
    with pytest.raises(pulumi.RunError, match=r"public\.images"):
        run(lambda: ImageMirror("public", bad), seen=seen)
    assert seen[0].requests == []
