"""Images and the declared registries: which one an image is of, and whether it can be asked for digests."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.images import ecr_image, image_problems, registry_of, why_not_asked
from pulumi_gitlab_runner.spec.registries.registry import EcrImage

from tests.spec.declaration import ENVIRONMENT, declaration, problems_of

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def registries(**more: Any) -> Any:
    """The registries of the good declaration, and a cache."""
    declared = declaration()
    declared["registries"] |= {"hub": {"pull_through": "quay"}, **more}
    return parse_stack(declared).registries


@pytest.mark.parametrize(
    ("image", "asked"),
    [
        ("team/ci/base:1", EcrImage("ci/base", "1")),
        (f"{ECR}/ci/base", EcrImage("ci/base", "latest")),
        ("shared/platform/toolchain:2", EcrImage("platform/toolchain", "2", "210987654321", "us-east-1")),
        ("hub/a/b:3", EcrImage("hub/a/b", "3")),
        ("legacy/app:1", None),
        ("alpine:3", None),
    ],
)
def test_the_request_to_ecr_for_an_image(image: str, asked: EcrImage | None) -> None:
    assert ecr_image(image, registries(), ENVIRONMENT) == asked


def test_why_a_registry_cannot_be_asked() -> None:
    assert why_not_asked(None) == ""
    assert why_not_asked(registries()["team"]) == ""
    reason = "digests of the registry 'vault' are not looked up: its password is read only on the runner host"
    assert why_not_asked(registries()["vault"]) == reason


@pytest.mark.parametrize(
    ("image", "registry", "repository"),
    [
        ("team/ci/base:1", "team", "ci/base"),
        ("team/team/base:1", "team", "team/base"),
        ("registry.example.com:5000/a/b:1", "legacy", "a/b"),
        ("registry.example.com:5000/team/b:1", "deep", "b"),
        ("registry.example.com:5000/teams/b:1", "legacy", "teams/b"),
        ("registry.example.com:5000", None, "library/registry.example.com"),
        ("quay.io/a/b", None, "a/b"),
    ],
)
def test_the_registry_of_an_image(image: str, registry: str | None, repository: str) -> None:
    deep = {"host": "registry.example.com:5000/team", "static": {"username": "me", "password": "pass-word-1"}}
    found, rest = registry_of(image, registries(deep=deep), ENVIRONMENT)
    assert (found and found.name, rest) == (registry, repository)


@pytest.mark.parametrize("environment", [None, ENVIRONMENT])
def test_an_undeclared_ecr_registry_is_reported_when_the_account_is_known(environment: Any) -> None:
    foreign = "999999999999.dkr.ecr.eu-west-1.amazonaws.com/app:1"
    problems = list(image_problems(foreign, "at", registries(), ["team"], environment))
    # Without the account, `team` may turn out to be this one.
    assert [each.found for each in problems] == (
        [f"{foreign!r}, an image of an ECR registry that is not declared"] if environment else []
    )


def test_a_runner_that_requires_digests_may_use_a_registry_that_cannot_be_asked() -> None:
    declared = declaration()
    digest = "sha256:" + "0" * 64
    declared["runners"]["build"] |= {"registries": ["vault"], "require_digests": True, "services": []}
    declared["runners"]["build"]["image"] = f"vault/app@{digest}"
    assert problems_of(declared) == []
    declared["runners"]["build"]["image"] = "vault/app:1"
    (problem,) = problems_of(declared)
    assert problem.found == "'vault/app:1', an image without a digest"
    assert problem.path == "stack.runners.build.image"
    declared["runners"]["build"]["require_digests"] = False
    assert problems_of(declared) == []


PUBLIC_REGISTRIES = {
    "docker": {"host": "docker.io", "static": {"username": "me", "password": "pass-word-1"}},
    "gallery": {"ecr_public": {}},
}


@pytest.mark.parametrize(
    ("image", "refused"),
    [
        (None, False),
        ("alpine:3.22", False),
        ("docker.io/library/redis:7", False),
        ("public.ecr.aws/docker/library/redis:7", False),
        ("docker.io/me/app:1", True),
        ("me/app:1", True),
        ("docker/library/redis:7", True),
        ("gallery/docker/library/redis:7", True),
    ],
)
def test_an_image_that_everyone_may_pull_needs_no_registry(image: str | None, refused: bool) -> None:
    runner = {"group": 42, "host": {}} | ({"image": image} if image else {})
    declared = {"registries": PUBLIC_REGISTRIES, "runners": {"build": runner}}
    for environment in (None, ENVIRONMENT):
        assert bool(problems_of(declared, environment)) is refused
