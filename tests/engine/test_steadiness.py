"""A deployed stack has no drift; a change by hand is found and reverted."""

import sys

import pytest

from tests.engine.project import Project

pytestmark = pytest.mark.engine


def test_a_refresh_finds_no_drift_and_a_second_update_changes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash seed differs from that of the first update: all forks of one server share theirs."""
    monkeypatch.setitem(project.environment, "SANDBOX_PYTHON", sys.executable)
    assert project.up("--refresh", "--expect-no-changes") == set()


def test_a_change_by_hand_is_found_and_reverted(project: Project) -> None:
    before = project.snapshot()["gitlab"]
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
    assert project.snapshot()["gitlab"] == before


def test_a_resource_deleted_by_hand_is_created_again(project: Project) -> None:
    before = project.snapshot()
    project.aws("ecr").delete_repository(repositoryName="private/image", force=True)
    project.gitlab("DELETE", "projects/7/variables/DOCKER_AUTH_CONFIG")
    project.up("--refresh")
    assert project.snapshot() == before
