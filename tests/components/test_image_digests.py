"""Why ECR gives no digest, as a warning says it."""

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
    """What Pulumi raises where the official provider's function fails: a counting line, then the reason."""
    return (
        f"invoke of {TOKEN} failed: invocation of {TOKEN} returned an error: invoking {TOKEN}: "
        f"1 error occurred:\n\t* {reason}\n\n"
    )


@pytest.mark.parametrize("words", ["", f"{SDK}0a1b-2c3d, ", f"{SDK}0a1b-2c3d, api error "])
def test_the_reason_is_told_without_what_stands_around_it(words: str) -> None:
    assert refusal(official(words + NOT_FOUND), OWN, cached=False) == NOT_FOUND


def test_one_of_several_reasons_is_told() -> None:
    text = official("first reason\n\t* second reason").replace("1 error", "2 errors")
    assert refusal(text, OWN, cached=False) == "first reason"


def test_a_reason_of_one_line() -> None:
    text = f"invoke of {TOKEN} failed: invocation of {TOKEN} returned an error: ECR cannot be reached"
    assert refusal(text, OWN, cached=False) == "ECR cannot be reached"


def test_who_must_allow_what_is_named() -> None:
    actions = "ecr:DescribeImages and ecr:DescribeRepositories"
    needed = f". The identity that runs Pulumi needs {actions} on the repository"
    assert refusal(official(DENIED), OWN, cached=False) == DENIED + needed
    owner = ", and the owner of 210987654321 must allow it: see the output required_policies"
    assert refusal(official(DENIED), SHARED, cached=False) == DENIED + needed + owner


def test_what_does_not_exist_has_words_of_ours_where_the_provider_has_its_own() -> None:
    assert refusal(official(MISSING), OWN, cached=False) == "ECR has no such image, or no such repository"


@pytest.mark.parametrize(
    ("reason", "said"),
    [(NOT_FOUND, NOT_FOUND), (MISSING, "ECR has no such image, or no such repository")],
)
def test_a_cache_that_does_not_hold_an_image_yet(reason: str, said: str) -> None:
    word = ". The cache does not contain it yet: ECR imports it at the first pull by tag, not by digest"
    assert refusal(official(reason), OWN, cached=True) == said + word


@pytest.mark.parametrize(
    ("image", "warned"),
    [
        ("quay/a/b:1@{}", True),
        ("central/hub/library/redis@{}", True),
        ("quay/a/b:1@sha256:" + "0" * 64, False),
        ("central/own/tools:1@{}", False),
    ],
)
def test_a_digest_that_a_cache_does_not_hold_yet(image: str, warned: bool) -> None:
    """ECR imports an image at a pull by tag alone: github.com/aws/containers-roadmap/issues/2837."""
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
    told = [each.splitlines()[1:] for each in recording.warnings if "does not contain these images" in each]
    assert told == ([[f"  {image}"]] if warned else [])
