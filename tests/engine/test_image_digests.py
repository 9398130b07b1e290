"""The default image by its digest: resolved by its registry at preview; a moved tag is a change."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.engine.project import Project
from tests.engine.test_changes import files_of_the_host
from tests.registry.double import DIGEST, PASSWORD, USERNAME, RegistryDouble
from tests.registry.fixtures import registry

__all__ = ["registry"]

pytestmark = pytest.mark.engine

REPOSITORY, TAG = "ci/base", "2026.11"
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/{REPOSITORY}:{TAG}"
FILES = ("update", "BucketObjectv2", "ci-build-files")

PASSWORD_PATH = "gitlab-runner:stack.registries.other.static.password"

Push = Callable[[str], str]


@pytest.fixture
def push(project: Project) -> Iterator[Push]:
    """Push the sandbox's default image with other content, and return its digest; deleted at the end."""
    ecr = project.aws("ecr")

    def remove() -> None:
        ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": TAG}])

    def push(content: str) -> str:
        remove()
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "annotations": {"content": content},
        }
        pushed = ecr.put_image(repositoryName=REPOSITORY, imageManifest=json.dumps(index), imageTag=TAG)
        digest: str = pushed["image"]["imageId"]["imageDigest"]
        return digest

    yield push
    remove()
    project.up()


def test_an_image_is_pinned_when_it_exists_and_follows_its_tag(project: Project, push: Push) -> None:
    assert f'"{IMAGE}"' in json.loads(files_of_the_host(project))["etc/gitlab-runner/config.toml"]["content"]
    for content in ("first", "second"):
        digest = push(content)
        assert project.up() == {FILES}
        assert f"{IMAGE}@{digest}" in files_of_the_host(project)
    assert project.changes() == set()


def test_a_missing_image_is_reported_and_an_unreachable_registry_is_a_warning(
    project: Project,
) -> None:
    printed = project.pulumi("preview").stdout
    assert (
        f"not pushed yet: team/{REPOSITORY}:{TAG}. Jobs that use an image fail until it is pushed" in printed
    )
    assert "these images keep their tag" in printed
    assert f"team/{REPOSITORY}:{TAG}: " not in printed
    assert "redis:latest: docker.io cannot be reached: connection refused" in printed
    assert "Traceback" not in printed


def test_a_missing_image_is_refused_where_digests_are_required(project: Project) -> None:
    with project.declaring("runners/build/require_digests", True):
        preview = project.pulumi("preview", check=False)
    printed = preview.stdout + preview.stderr
    assert preview.returncode != 0
    assert f"found:   'team/{REPOSITORY}:{TAG}', whose digest cannot be resolved now" in printed
    assert f"not pushed yet: team/{REPOSITORY}:{TAG}." in printed
    assert "Traceback" not in printed


def test_a_digest_is_requested_with_the_secret_password_of_its_registry(
    project: Project, registry: RegistryDouble
) -> None:
    used = ["team", "shared", "legacy", "other"]
    with (
        project.declaring("registries/other", {"host": registry.host, "static": {"username": USERNAME}}),
        project.declaring("runners/build/registries", used),
        project.declaring("runners/build/image", "other/team/app:1"),
    ):
        project.pulumi("config", "set", "--secret", "--path", PASSWORD_PATH, PASSWORD)
        printed = project.pulumi("preview", "--diff").stdout
    assert f"{registry.host}/team/app:1@{DIGEST}" in printed
    assert PASSWORD not in printed
