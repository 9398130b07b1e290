"""The reason in a warning why ECR returns no digest."""

from typing import Any

import pytest
from pulumi_gitlab_runner import RunnerStack
from pulumi_gitlab_runner.manager.image_digests import refusal
from pulumi_gitlab_runner.spec.registries import EcrImage

from tests.components.recording import NOT_THERE, run

OWN = EcrImage("ci/base", "1")
SHARED = EcrImage("platform/toolchain", "1", "210987654321", "us-east-1")
TOKEN = "aws:ecr/getImage:getImage"
SDK = (
    "reading ECR Images: operation error ECR: DescribeImages, https response error StatusCode: 400, "
    "RequestID: "
)
DENIED = (
    "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/preview/gitlab-1 is not authorized "
    "to perform: ecr:DescribeImages"
)
NOT_FOUND = "ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'1'} does not exist"


MISSING = "reading ECR Images: couldn't find resource"


def official(reason: str) -> str:
    """Pulumi's error where the official provider's function fails: a line with a count, then the reason."""
    return (
        f"invoke of {TOKEN} failed: invocation of {TOKEN} returned an error: invoking {TOKEN}: "
        f"1 error occurred:\n\t* {reason}\n\n"
    )


@pytest.mark.parametrize("prefix", ["", f"{SDK}0a1b-2c3d, ", f"{SDK}0a1b-2c3d, api error "])
def test_the_reason_is_reported_without_the_text_around_it(prefix: str) -> None:
    assert refusal(official(prefix + NOT_FOUND), OWN, cached=False) == NOT_FOUND


def test_one_of_several_reasons_is_reported() -> None:
    text = official("first reason\n\t* second reason").replace("1 error", "2 errors")
    assert refusal(text, OWN, cached=False) == "first reason"


def test_a_reason_in_a_message_of_one_line() -> None:
    text = f"invoke of {TOKEN} failed: invocation of {TOKEN} returned an error: ECR cannot be reached"
    assert refusal(text, OWN, cached=False) == "ECR cannot be reached"


def test_a_refusal_names_the_required_permissions_and_the_owner() -> None:
    actions = "ecr:DescribeImages and ecr:DescribeRepositories"
    needed = f". The identity that runs Pulumi needs {actions} on the repository"
    assert refusal(official(DENIED), OWN, cached=False) == DENIED + needed
    owner = ", and the owner of 210987654321 must allow it: see the output required_policies"
    assert refusal(official(DENIED), SHARED, cached=False) == DENIED + needed + owner


def test_a_missing_image_is_explained_in_place_of_the_providers_own_message() -> None:
    assert refusal(official(MISSING), OWN, cached=False) == "ECR has no such image, or no such repository"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [(NOT_FOUND, NOT_FOUND), (MISSING, "ECR has no such image, or no such repository")],
)
def test_the_reason_for_an_image_that_is_not_in_the_cache_yet(reason: str, expected: str) -> None:
    note = ". The cache does not contain it yet: ECR imports it at the first pull by tag, not by digest"
    assert refusal(official(reason), OWN, cached=True) == expected + note


@pytest.mark.parametrize(
    ("image", "warned"),
    [
        ("quay/a/b:1@{}", True),
        ("central/hub/library/redis@{}", True),
        ("quay/a/b:1@sha256:" + "0" * 64, False),
        ("central/own/tools:1@{}", False),
    ],
)
def test_a_digest_that_is_not_in_the_cache_yet_is_a_warning(image: str, warned: bool) -> None:
    """ECR imports an image only at a pull by tag: github.com/aws/containers-roadmap/issues/2837."""
    image = image.format(NOT_THERE[1])
    declaration: Any = {
        "registries": {
            "quay": {"pull_through": "quay"},
            "central": {
                "ecr": {"account": "210987654321", "caches": ["hub"]},
                "repositories": ["own/tools"],
            },
        },
        "runners": {"build": {"group": 42, "image": image, "registries": ["quay", "central"], "host": {}}},
    }
    recording, _ = run(lambda: RunnerStack("ci", declaration))
    warnings = [
        each.splitlines()[1:] for each in recording.warnings if "does not contain these images" in each
    ]
    assert warnings == ([[f"  {image}"]] if warned else [])
