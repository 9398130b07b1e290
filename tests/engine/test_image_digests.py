"""The default image by its digest: asked of ECR at preview, and a tag that moves is a change."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.engine.project import Project
from tests.engine.test_changes import files_of_the_host

pytestmark = pytest.mark.engine

REPOSITORY, TAG = "ci/base", "2026.11"
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/{REPOSITORY}:{TAG}"
FILES = ("update", "BucketObjectv2", "build-files")

Push = Callable[[str], str]


@pytest.fixture
def push(project: Project) -> Iterator[Push]:
    """Gives the sandbox's default image another content, and returns its digest; in the end it is gone."""
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


def test_an_image_is_pinned_once_it_is_there_and_follows_its_tag(project: Project, push: Push) -> None:
    assert f'"{IMAGE}"' in json.loads(files_of_the_host(project))["etc/gitlab-runner/config.toml"]["content"]
    for content in ("first", "second"):
        digest = push(content)
        assert project.changes() == {FILES}
        project.up()
        assert f"{IMAGE}@{digest}" in files_of_the_host(project)
        assert project.changes() == set()


def test_an_image_that_is_not_there_is_a_warning_with_the_reason(project: Project) -> None:
    printed = project.pulumi("preview").stdout
    assert "these images keep their tag" in printed
    assert f"team/{REPOSITORY}:{TAG}: " in printed
    assert "ImageNotFoundException" in printed
    assert "Traceback" not in printed
