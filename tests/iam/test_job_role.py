"""The permissions of a role for jobs, and the jobs that may assume it."""

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from pulumi_gitlab_runner.iam.job_role import PUSH_ACTIONS, job_policy, job_trust_policy
from pulumi_gitlab_runner.iam.pull import PULL_ACTIONS
from pulumi_gitlab_runner.iam.quotas import TRUST_POLICY
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.job_roles import JobRole

from tests.iam.evaluation import Call, allows
from tests.iam.everything import ECR, HERE

DECLARATION: dict[str, Any] = {
    "gitlab_url": "https://gitlab.example.com/",
    "registries": {
        "team": {"ecr": {}, "repositories": ["a/app", "a/base", "a/secret"]},
        "shared": {"ecr": {"account": "210987654321", "region": "us-east-1"}, "repositories": ["c/d"]},
    },
    "job_roles": {
        "publish": {
            "projects": ["team/app", "team/libs/*"],
            "branches": ["main", "release/*"],
            "tags": ["v*"],
            "push": ["team/a/app", "team/a/base"],
            "registries": ["shared"],
        }
    },
}
STACK = parse_stack(DECLARATION)
ROLE = STACK.job_roles["publish"]
POLICY = job_policy(ROLE, STACK.registries, HERE)
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com"


@pytest.mark.parametrize("repository", ["a/app", "a/base"])
def test_the_role_may_push_and_pull_the_declared_repositories(repository: str) -> None:
    for action in (*PUSH_ACTIONS, *PULL_ACTIONS):
        assert allows(POLICY, Call(action, f"{ECR}/{repository}"))
    assert allows(POLICY, Call("ecr:GetAuthorizationToken", "*"))


def test_each_statement_has_its_name() -> None:
    assert [each["Sid"] for each in json.loads(POLICY)["Statement"]] == ["EcrToken", "EcrPull", "EcrPush"]


def test_the_role_may_pull_from_other_registries_and_not_push_to_them() -> None:
    shared = "arn:aws:ecr:us-east-1:210987654321:repository/c/d"
    assert all(allows(POLICY, Call(action, shared)) for action in PULL_ACTIONS)
    assert not any(allows(POLICY, Call(action, shared)) for action in PUSH_ACTIONS)


@pytest.mark.parametrize(
    "call",
    [
        *(Call(action, f"{ECR}/a/secret") for action in (*PUSH_ACTIONS, *PULL_ACTIONS)),
        Call("ecr:PutImage", f"{ECR}/a/app-other"),
        Call("ecr:BatchDeleteImage", f"{ECR}/a/app"),
        Call("ecr:CreateRepository", f"{ECR}/a/new"),
        Call("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/ci"),
    ],
    ids=lambda call: f"{call.action} {call.resource}",
)
def test_other_calls_are_refused(call: Call) -> None:
    assert not allows(POLICY, call)


def test_every_action_exists_and_supports_its_resource() -> None:
    pytest.importorskip("policy_sentry", reason="policy_sentry is not installed")
    from tests.iam.actions import supports, wildcards_without_need

    for statement in json.loads(POLICY)["Statement"]:
        assert all(supports(action, each) for action in statement["Action"] for each in statement["Resource"])
    assert list(wildcards_without_need(POLICY)) == []


def trusts(role: JobRole, subject: str, audience: str = "https://gitlab.example.com") -> bool:
    """Whether a job with such a token may assume the role, by `fnmatch`, which supports `*`."""
    (statement,) = json.loads(job_trust_policy(PROVIDER, role.audience, role))["Statement"]
    assert statement["Principal"] == {"Federated": PROVIDER}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    condition = statement["Condition"]
    assert condition.keys() == {"StringEquals", "StringLike"}
    subjects = condition["StringLike"]["gitlab.example.com:sub"]
    assert not set("?[]") & set("".join(subjects))
    return audience == condition["StringEquals"]["gitlab.example.com:aud"] and any(
        fnmatchcase(subject, each) for each in subjects
    )


def test_projects_and_branches_are_combined_while_that_fits_the_trust_policy() -> None:
    def conditions(length: int) -> set[str]:
        role = replace(ROLE, trust_policy_length=length)
        (statement,) = json.loads(job_trust_policy(PROVIDER, role.audience, role))["Statement"]
        return set(statement["Condition"])

    size = TRUST_POLICY.size(job_trust_policy(PROVIDER, ROLE.audience, ROLE))
    assert conditions(size) == {"StringEquals", "StringLike"}
    assert conditions(size - 1) == {"StringEquals", "StringLike", "StringLikeIfExists"}


@pytest.mark.parametrize(
    "subject",
    [
        "project_path:team/app:ref_type:branch:ref:main",
        "project_path:team/app:ref_type:branch:ref:release/2026.11",
        "project_path:team/app:ref_type:tag:ref:v1.2",
        "project_path:team/libs/one:ref_type:branch:ref:main",
        "project_path:team/libs/deep/er:ref_type:tag:ref:v2",
    ],
)
def test_declared_jobs_assume_the_role(subject: str) -> None:
    assert trusts(ROLE, subject)


@pytest.mark.parametrize(
    "subject",
    [
        "project_path:team/app:ref_type:branch:ref:mainly",
        "project_path:team/app:ref_type:branch:ref:feature",
        "project_path:team/app:ref_type:tag:ref:main",
        "project_path:team/app-other:ref_type:branch:ref:main",
        "project_path:team/libs:ref_type:branch:ref:main",
        "project_path:evil/team/app:ref_type:branch:ref:main",
    ],
)
def test_other_jobs_do_not_assume_the_role(subject: str) -> None:
    assert not trusts(ROLE, subject)


def test_a_token_for_another_audience_is_refused() -> None:
    subject = "project_path:team/app:ref_type:branch:ref:main"
    assert not trusts(ROLE, subject, audience="https://vault.example.com")
