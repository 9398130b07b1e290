"""The declaration of a stack's pipeline: how it is read, and what is refused."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import DeclarationError
from pulumi_gitlab_runner.spec.pipeline_roles import (
    Pipeline,
    PipelineDeclaration,
    PulumiState,
    parse_pipeline,
    pipeline_problems,
)
from pulumi_gitlab_runner.spec.shape import checked

GITLAB = "https://gitlab.example.com"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
LEAST: dict[str, Any] = {"project": "platform/runners", "stack": "prod"}


def pipeline(**changes: Any) -> Pipeline:
    """The pipeline of a declaration."""
    return parse_pipeline(checked(LEAST | changes, PipelineDeclaration, "at", pipeline_problems), GITLAB)


def refused(**changes: Any) -> list[tuple[str, str]]:
    """The places and values of the problems."""
    try:
        pipeline(**changes)
    except DeclarationError as error:
        return [(each.path, each.found) for each in error.problems]
    return []


def test_everything_declared() -> None:
    state = {"bucket": "my-state", "prefix": "ci", "kms_key": KEY, "secrets_key": f"{KEY}2c"}
    made = pipeline(
        pulumi_project="runners",
        runner_stack="main",
        state=state,
        preview_branches=["main", "next"],
        deploy_branches=["main", "release/*"],
        issuer="https://git.example.com/",
        audience="aws",
        identity_provider=PROVIDER,
        permissions_boundary=BOUNDARY,
        role_path="/ci/",
    )
    assert made == Pipeline(
        project="platform/runners",
        stack="prod",
        pulumi_project="runners",
        runner_stack="main",
        state=PulumiState("my-state", "ci", KEY, f"{KEY}2c"),
        preview_branches=("main", "next"),
        deploy_branches=("main", "release/*"),
        declared_issuer="https://git.example.com/",
        audience="aws",
        identity_provider=PROVIDER,
        permissions_boundary=BOUNDARY,
        role_path="/ci/",
    )
    assert made.issuer == "https://git.example.com"
    start = "project_path:platform/runners:ref_type:branch:ref"
    assert made.preview_subjects == [f"{start}:main", f"{start}:next"]
    assert made.deploy_subjects == [f"{start}:main", f"{start}:release/*"]


def test_the_issuer_is_the_stacks_gitlab_and_there_is_no_state_by_default() -> None:
    assert pipeline().issuer == GITLAB
    assert pipeline().state is None


NAMES = {"taken": ["a", "A_b.c-d", "9", "a" * 100], "refused": ["", "a b", "org/prod", "a" * 101]}


@pytest.mark.parametrize("key", ["stack", "pulumi_project", "runner_stack"])
def test_names_must_be_valid_in_pulumi(key: str) -> None:
    assert [refused(**{key: name}) for name in NAMES["taken"]] == [[]] * 4
    assert [refused(**{key: name}) for name in NAMES["refused"]] == [
        [(f"at.{key}", repr(name))] for name in NAMES["refused"]
    ]


@pytest.mark.parametrize("bucket", ["abc", "a-b.c", "0ab", "a" * 63])
def test_a_valid_bucket(bucket: str) -> None:
    assert refused(state={"bucket": bucket}) == []


@pytest.mark.parametrize("bucket", ["ab", "a" * 64, "s3://abc", "Abc", "-abc", "abc-"])
def test_an_invalid_bucket_is_refused(bucket: str) -> None:
    assert refused(state={"bucket": bucket}) == [("at.state.bucket", repr(bucket))]


@pytest.mark.parametrize(
    ("changes", "path", "found"),
    [
        ({"project": "team/*"}, "project", "'team/*'"),
        ({"project": "team"}, "project", "'team'"),
        ({"preview_branches": []}, "preview_branches", "no branch"),
        ({"deploy_branches": []}, "deploy_branches", "no branch"),
        ({"preview_branches": ["main", "a:b"]}, "preview_branches[1]", "'a:b'"),
        ({"deploy_branches": ["main", "a?"]}, "deploy_branches[1]", "'a?'"),
        ({"deploy_branches": ["main", "*"]}, "deploy_branches[1]", "'*'"),
        ({"deploy_branches": ["**"]}, "deploy_branches[0]", "'**'"),
        ({"state": {"bucket": "abc", "kms_key": "alias/a"}}, "state.kms_key", "'alias/a'"),
        ({"state": {"bucket": "abc", "secrets_key": "alias/a"}}, "state.secrets_key", "'alias/a'"),
        ({"issuer": "gitlab.example.com"}, "issuer", "'gitlab.example.com'"),
        ({"audience": "a" * 256}, "audience", "256 characters"),
        ({"identity_provider": "gitlab"}, "identity_provider", "'gitlab'"),
        ({"role_path": "ci"}, "role_path", "'ci'"),
    ],
)
def test_a_bad_pipeline_is_refused(changes: dict[str, Any], path: str, found: str) -> None:
    assert refused(**changes) == [(f"at.{path}", found)]


def test_every_branch_may_be_previewed() -> None:
    assert refused(preview_branches=["*"]) == []
