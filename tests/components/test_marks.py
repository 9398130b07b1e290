"""The tags of every resource in AWS that supports them contain the project and the stack."""

import inspect
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi_gitlab_runner import RunnerStack
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG

from tests.components.everything import declaration
from tests.components.recording import PROJECT, STACK, Recording, Registered, run

MARK = f"{PROJECT}/{STACK}"
WITHOUT = {"BucketObjectv2"}
"""S3 allows 10 tags for an object: only the bucket has the mark."""


@pytest.fixture(scope="module")
def everything() -> Recording:
    declared: Any = declaration()

    def program() -> None:
        RunnerStack("ci", {**declared, "tags": {"team": "ci", "Name": "mine"}})

    return run(program)[0]


def class_of(type_: str) -> Any:
    """The SDK's class of a type such as `aws:s3/bucket:Bucket`."""
    _, place, name = type_.split(":")
    module = place.partition("/")[0]
    return getattr(getattr(aws, "lambda_" if module == "lambda" else module), name)


def taggable(registered: Registered) -> bool:
    if not registered.type.startswith("aws:"):
        return False
    inputs = inspect.signature(class_of(registered.type)._internal_init).parameters
    return registered.type.rpartition(":")[2] not in WITHOUT and "tags" in inputs


def test_every_taggable_resource_has_the_mark_and_the_declared_tags(everything: Recording) -> None:
    found = [each for each in everything.registered.values() if taggable(each)]
    assert len({each.type for each in found}) > 15
    for each in found:
        assert each.tags.get(STACK_TAG) == MARK, (each.type, each.name)
        assert each.tags.get("team") == "ci", (each.type, each.name)


def test_instances_and_volumes_have_the_mark_from_their_launch(everything: Recording) -> None:
    templates = [each for each in everything.registered.values() if each.type.endswith(":LaunchTemplate")]
    assert templates
    for each in templates:
        launched = {
            specification["resourceType"]: specification["tags"]
            for specification in each.inputs["tagSpecifications"]
        }
        assert launched.keys() == {"instance", "volume"}
        assert all(tags[STACK_TAG] == MARK for tags in launched.values())


def test_repositories_that_ecr_creates_have_no_mark(everything: Recording) -> None:
    """Repositories of a creation template are not in the state: they would be reported as leftovers."""
    templates = [each for each in everything.registered.values() if each.type.endswith("CreationTemplate")]
    assert all(STACK_TAG not in each.inputs.get("resourceTags", {}) for each in templates)
