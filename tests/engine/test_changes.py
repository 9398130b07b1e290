"""A change of the declaration changes only the resources that depend on it."""

import json
import tomllib
from contextlib import ExitStack
from typing import Any

import pytest

from tests.engine.project import Change, Project

pytestmark = pytest.mark.engine

CHANGES: dict[str, tuple[Any, Change]] = {
    "runners/build/tags": (["docker", "large"], ("update", "UserRunner", "ci-build")),
    # The official provider replaces a changed lifecycle policy; the repository and its images are kept.
    "registries/team/repositories/ci|base/keep_images": (
        60,
        ("replace", "LifecyclePolicy", "ci-team/ci/base"),
    ),
    # It reaches the running host through S3: neither launch template nor instance changes.
    "runners/build/image": ("team/private/image:2", ("update", "BucketObjectv2", "ci-build-files")),
    # A key of config.toml.
    "runners/build/config": ({"docker": {"memory": "2g"}}, ("update", "BucketObjectv2", "ci-build-files")),
}


def test_only_resources_that_depend_on_a_change_are_updated(project: Project) -> None:
    before = project.snapshot()
    with ExitStack() as declared:
        for path, (value, expected) in CHANGES.items():
            declared.enter_context(project.declaring(path, value))
            assert project.up() == {expected}
        (runner,) = project.snapshot()["gitlab"]["runners"].values()
        assert runner["tag_list"] == ["docker", "large"]
        policy = json.loads(
            project.aws("ecr").get_lifecycle_policy(repositoryName="ci/base")["lifecyclePolicyText"]
        )
        assert [rule["selection"]["countNumber"] for rule in policy["rules"]] == [7, 60]
        assert "private/image:2" in files_of_the_host(project)
        assert 'memory = \\"2g\\"' in files_of_the_host(project)
        assert project.snapshot()["aws"].keys() == before["aws"].keys()
        assert project.snapshot()["aws"]["instance"] == before["aws"]["instance"]
    assert project.up() == {expected for _, expected in CHANGES.values()}
    assert "private/image:2" not in files_of_the_host(project)
    assert project.snapshot()["gitlab"] == before["gitlab"]


def test_another_runner_reaches_a_running_host_with_its_files(project: Project) -> None:
    instance = project.snapshot()["aws"]["instance"]
    with project.declaring("runners/second", {"group": 42, "tags": ["small"], "host_of": "build"}):
        assert project.up() == {
            ("create", "RunnerRegistration", "ci-second"),
            ("create", "UserRunner", "ci-second"),
            ("create", "Parameter", "ci-build-token-second"),
            ("update", "BucketObjectv2", "ci-build-files"),
        }
        config = tomllib.loads(
            json.loads(files_of_the_host(project))["etc/gitlab-runner/config.toml"]["content"]
        )
        output = project.outputs()["runners"]
        assert [each["name"] for each in config["runners"]] == ["build", "second"]
        # Their IDs are in the metadata of the object, and the host inserts them.
        assert object_of_the_host(project)["Metadata"] == {
            "runner-ids": ",".join(output[name]["id"] for name in ("build", "second"))
        }
        assert output["second"]["host"] == output["build"]["host"]
        parameter = project.aws("ssm").get_parameter(Name="/gitlab-runner/tested/build/tokens/second")
        assert parameter["Parameter"]["Type"] == "SecureString"
        assert project.snapshot()["aws"]["instance"] == instance
    project.up()


def object_of_the_host(project: Project) -> dict[str, Any]:
    s3 = project.aws("s3")
    (bucket,) = (each["Name"] for each in s3.list_buckets()["Buckets"])
    return dict(s3.get_object(Bucket=bucket, Key="build/files.json"))


def files_of_the_host(project: Project) -> str:
    content: str = object_of_the_host(project)["Body"].read().decode()
    return content
