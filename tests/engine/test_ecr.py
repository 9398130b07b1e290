"""ECR repositories with images: adopted unchanged, and not deleted by accident."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.engine.project import Change, Project

pytestmark = pytest.mark.engine

DECLARED: dict[str, Any] = {"private/image": {}, "ci/base": {"keep_images": 50}}
BY_HAND = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 900},
            "action": {"type": "expire"},
        }
    ]
}
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "size": 7,
        "digest": "sha256:c",
    },
    "layers": [],
}


def push(project: Project, repository: str, tag: str) -> None:
    project.aws("ecr").put_image(
        repositoryName=repository, imageTag=tag, imageManifest=json.dumps(MANIFEST | {"config": tag})
    )


def images(project: Project, repository: str) -> list[Any]:
    found = project.aws("ecr").list_images(repositoryName=repository)["imageIds"]
    return sorted(each["imageTag"] for each in found)


def of_repositories(changes: set[Change]) -> set[Change]:
    """The changes without that of the role that may pull from the repositories."""
    return {change for change in changes if change[1] != "RolePolicy"}


@pytest.fixture
def existing(project: Project) -> Iterator[str]:
    """A repository created by hand, with images, and a policy that keeps them.

    At the end, only the declared repositories exist.
    """
    ecr, name = project.aws("ecr"), "by/hand"
    ecr.create_repository(repositoryName=name, imageTagMutability="MUTABLE")
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps(BY_HAND))
    for tag in ("1", "2", "3"):
        push(project, name, tag)
    yield name
    project.up()
    names = {each["repositoryName"] for each in ecr.describe_repositories()["repositories"]}
    assert names == DECLARED.keys()


def test_a_repository_is_adopted_in_two_steps_and_none_with_images_is_deleted(
    project: Project, existing: str
) -> None:
    """One test, since each step takes seconds."""
    ecr, made = project.aws("ecr"), "team/app"
    settings: dict[str, Any] = {"mutable_tags": ["latest"], "keep": [{"tags": ["mr-*"], "days": 14}]}
    limited = {"keep_images": 2, "delete_images": True}

    def described(name: str) -> Any:
        (repository,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
        return repository

    def policy(name: str) -> Any:
        return json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])

    def declaring(repositories: dict[str, Any]) -> AbstractContextManager[None]:
        return project.declaring("registries/team/repositories", DECLARED | repositories)

    before = described(existing)
    with declaring({existing: limited | {"adopt": True}, made: settings}):
        assert of_repositories(project.up()) == {
            ("import", "Repository", f"ci-team/{existing}"),
            ("create", "Repository", f"ci-team/{made}"),
            ("create", "LifecyclePolicy", f"ci-team/{made}"),
        }
        assert "imported unchanged: by/hand" in project.printed
        assert (described(existing), policy(existing)) == (before, BY_HAND)
        assert images(project, existing) == ["1", "2", "3"]
        assert described(made)["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        push(project, made, "1")
        assert project.up("--refresh") == set()

    kept = policy(made)
    with declaring({existing: limited | {"adopt": True}}):
        result = project.pulumi("up", "--yes", "--skip-preview", check=False)
    assert result.returncode != 0
    assert "cannot be deleted because it still contains images" in result.stdout
    assert (images(project, made), policy(made)) == (["1"], kept)

    with declaring({existing: limited, made: settings | {"delete_images": True}}):
        assert of_repositories(project.up()) == {
            ("update", "Repository", f"ci-team/{existing}"),
            ("create", "LifecyclePolicy", f"ci-team/{existing}"),
            ("update", "Repository", f"ci-team/{made}"),
            # The failed update removed its policy from the state, but not from ECR.
            ("create", "LifecyclePolicy", f"ci-team/{made}"),
        }
        assert described(existing)["imageTagMutability"] == "IMMUTABLE"
        assert images(project, existing) == ["1", "2", "3"]


def test_a_missing_repository_is_not_adopted(project: Project) -> None:
    with project.declaring("registries/team/repositories", DECLARED | {"no/where": {"adopt": True}}):
        result = project.pulumi("preview", check=False)
    assert result.returncode != 0
    assert "'no/where' does not exist" in result.stdout
