"""A stack that is up stays as it is; what was changed by hand is found, and fixed."""

import sys

import pytest

from tests.engine.project import Project

pytestmark = pytest.mark.engine


def test_a_refresh_finds_no_drift_and_a_second_up_changes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it with another hash seed, which the forks of one server share."""
    monkeypatch.setitem(project.environment, "SANDBOX_PYTHON", sys.executable)
    assert project.up("--refresh", "--expect-no-changes") == set()


def test_what_was_changed_by_hand_is_found_and_undone(project: Project) -> None:
    before = project.what_there_is()["gitlab"]
    ecr, ssm = project.aws("ecr"), project.aws("ssm")
    parameter = {"Name": "/gitlab-runner/tested/build/registries/legacy", "WithDecryption": True}
    password = ssm.get_parameter(**parameter)["Parameter"]["Value"]
    (runner,) = before["runners"]

    ecr.put_image_tag_mutability(repositoryName="ci/base", imageTagMutability="MUTABLE")
    ssm.put_parameter(Name=parameter["Name"], Value="by hand", Overwrite=True)
    project.gitlab("PUT", f"runners/{runner}", description="by hand")
    project.gitlab("PUT", "groups/42/variables/DEPLOY_REGION", value="by-hand-1")

    resources = {
        ("Repository", "ci-team/ci/base"),
        ("Parameter", "ci-build-registry-legacy"),
        ("UserRunner", "ci-build"),
        ("GroupVariable", "ci-group-42-DEPLOY_REGION"),
    }
    assert project.up("--refresh") == {
        (operation, *resource) for operation in ("refresh", "update") for resource in resources
    }
    (repository,) = ecr.describe_repositories(repositoryNames=["ci/base"])["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert ssm.get_parameter(**parameter)["Parameter"]["Value"] == password
    assert project.what_there_is()["gitlab"] == before


def test_what_was_deleted_by_hand_is_made_again(project: Project) -> None:
    before = project.what_there_is()
    project.aws("ecr").delete_repository(repositoryName="private/image", force=True)
    project.gitlab("DELETE", "projects/7/variables/DOCKER_AUTH_CONFIG")
    project.up("--refresh")
    assert project.what_there_is() == before
