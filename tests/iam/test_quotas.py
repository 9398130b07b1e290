"""Oversized policies are shortened where possible, and otherwise refused with the size and the limit."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from pulumi_gitlab_runner.host.user_data import LARGEST_USER_DATA, sized_user_data
from pulumi_gitlab_runner.iam.job_role import job_policy, job_trust_policy
from pulumi_gitlab_runner.iam.manager import HOST, manager_policy
from pulumi_gitlab_runner.iam.pipeline_roles import pipeline_trust_policy
from pulumi_gitlab_runner.iam.pull import pull_by_accounts_policy
from pulumi_gitlab_runner.iam.quotas import (
    INLINE_POLICIES,
    MANAGED_POLICY,
    REPOSITORY_POLICY,
    TRUST_POLICY,
    Quota,
)
from pulumi_gitlab_runner.iam.stored_secret import parameter_key_statement
from pulumi_gitlab_runner.spec import DeclarationError, parse_stack
from pulumi_gitlab_runner.spec.job_roles import JobRole
from pulumi_gitlab_runner.spec.registries import StaticRegistry

from tests.iam.everything import HERE, KMS, SECRETS, SSM
from tests.spec.declaration import changed, problems_of

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com"


def test_white_space_counts_only_where_aws_counts_it() -> None:
    assert INLINE_POLICIES.size('{"a": \n\t1}') == len('{"a":1}')
    assert REPOSITORY_POLICY.size('{"a": 1}') == len('{"a": 1}')


@pytest.mark.parametrize(
    ("quota", "limit", "found"),
    [
        (INLINE_POLICIES, 10_240, "10,241 characters of a role's inline policies"),
        (MANAGED_POLICY, 6_144, "6,145 characters of a managed policy"),
        (TRUST_POLICY, 2_048, "2,049 characters of a role's trust policy"),
        (REPOSITORY_POLICY, 10_240, "10,241 characters of a repository's policy"),
    ],
)
def test_a_document_of_exactly_the_allowed_size_is_accepted(quota: Quota, limit: int, found: str) -> None:
    assert list(quota.problems("a" * limit, "place", "")) == []
    (problem,) = quota.problems("a" * (limit + 1), "place", "the way out")
    assert (problem.path, problem.found) == ("place", found)
    assert (problem.allowed, problem.fix) == (f"at most {limit:,}, the AWS quota", "the way out")


def test_policies_that_share_a_quota_count_together() -> None:
    assert list(INLINE_POLICIES.problems("a" * 10_000, "place", "", "b" * 240)) == []
    (problem,) = INLINE_POLICIES.problems("a" * 10_000, "place", "", "b" * 241)
    assert problem.found == "10,241 characters of a role's inline policies"


def test_the_size_of_a_policy_does_not_depend_on_the_number_of_parameters() -> None:
    prefix = f"{SSM}/ci/prod/build/*"
    policy = manager_policy([], HERE, parameter_arns=[prefix], files_arn=None)
    (read,) = json.loads(policy)["Statement"]
    decrypt = parameter_key_statement(HOST, [prefix], f"{KMS}/hosts")
    assert read["Resource"] == [prefix]
    assert decrypt["Condition"] == {
        "StringEquals": {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": [prefix]},
    }


def test_secrets_with_the_same_key_share_a_statement_for_it() -> None:
    secrets = [f"{SECRETS}:ci/partner-{number}-AbCdEf" for number in range(3)]
    registries = [
        StaticRegistry(f"partner-{number}", f"{number}.example", secret=each, key=f"{KMS}/{key}")
        for number, (each, key) in enumerate(zip(secrets, ("one", "other", "one"), strict=True))
    ]
    policy = manager_policy(registries, HERE, parameter_arns=[], files_arn=None)
    keys = {
        each["Resource"][0]: each["Condition"]["StringEquals"]["kms:EncryptionContext:SecretARN"]
        for each in json.loads(policy)["Statement"]
        if each["Sid"].startswith("RegistryKey")
    }
    assert keys == {f"{KMS}/one": [secrets[0], secrets[2]], f"{KMS}/other": secrets[1]}


def job_role(projects: int, refs: int = 1, **changes: Any) -> JobRole:
    declared = {
        "projects": [f"team/service-{number:03d}" for number in range(projects)],
        "branches": [f"release-{number}" for number in range(refs)],
        "push": ["team/ci/base"],
    }
    stack = parse_stack(changed("job_roles", {"publish": declared}))
    return replace(stack.job_roles["publish"], **changes)


def trust(role: JobRole) -> dict[str, Any]:
    document = json.loads(job_trust_policy(PROVIDER, role.audience, role, "stack.job_roles.publish"))
    conditions: dict[str, Any] = document["Statement"][0]["Condition"]
    return conditions


def test_projects_and_branches_are_combined_as_long_as_that_fits() -> None:
    conditions = trust(job_role(2, 2))
    assert list(conditions) == ["StringEquals", "StringLike"]
    assert len(conditions["StringLike"]["gitlab.example.com:sub"]) == 4


def test_otherwise_projects_and_branches_are_matched_separately() -> None:
    role = job_role(30, 4)
    conditions = trust(role)
    projects = conditions["StringLike"]["gitlab.example.com:sub"]
    refs = conditions["StringLikeIfExists"]["gitlab.example.com:sub"]
    assert (len(projects), len(refs)) == (30, 4)

    def matches(subject: str, patterns: list[str]) -> bool:
        return any(
            subject.startswith(each[:-1]) if each.endswith("*") else subject.endswith(each[1:])
            for each in patterns
        )

    def matched(subject: str) -> bool:
        return matches(subject, projects) and matches(subject, refs)

    assert all(map(matched, role.subjects))
    assert not matched("project_path:team/service-030:ref_type:branch:ref:release-0")
    assert not matched("project_path:team/service-0001:ref_type:branch:ref:release-0")
    assert not matched("project_path:team/service-000:ref_type:branch:ref:main")
    assert not matched("project_path:team/service-000:ref_type:tag:ref:release-0")
    assert not matched("project_path:team/service-000:ref_type:branch:ref:my-release-0")


def test_a_hundred_projects_are_refused_without_a_raised_quota() -> None:
    with pytest.raises(DeclarationError) as refused:
        trust(job_role(100))
    (problem,) = refused.value.problems
    assert problem.path == "stack.job_roles.publish.projects"
    assert problem.found.endswith("characters of a role's trust policy")
    assert problem.allowed == "at most 2,048, the AWS quota"
    assert "Role trust policy length" in problem.fix
    raised = job_role(100, trust_policy_length=4_096)
    assert len(trust(raised)["StringLike"]["gitlab.example.com:sub"]) == 100
    assert len(trust(replace(job_role(1), projects=("team/*",)))["StringLike"]["gitlab.example.com:sub"]) == 1


def test_a_role_that_pushes_to_too_many_repositories_is_refused() -> None:
    names = [f"ci/image-{number:03d}" for number in range(200)]
    declared = changed("job_roles", {})
    declared["registries"]["team"]["repositories"] = {each: {} for each in [*names, "ci/base"]}
    declared["job_roles"]["publish"] = {
        "projects": ["team/app"],
        "branches": ["main"],
        "push": [f"team/{each}" for each in names],
    }
    stack = parse_stack(declared)
    with pytest.raises(DeclarationError, match=r"publish\.push\n  found:   1\d,\d+ characters"):
        job_policy(stack.job_roles["publish"], stack.registries, HERE, (), "stack.job_roles.publish")


def test_the_policy_of_a_repository_fits_the_largest_number_of_accounts() -> None:
    accounts = [str(100_000_000_000 + number) for number in range(250)]
    assert REPOSITORY_POLICY.size(pull_by_accounts_policy(accounts, "aws-us-gov")) <= 10_240
    assert problems_of(changed("registries/team/allow_pull", accounts), None) == []
    (problem,) = problems_of(changed("registries/team/allow_pull", [*accounts, "100000000999"]), None)
    assert (problem.path, problem.found) == ("stack.registries.team.allow_pull", "251 accounts")


def test_user_data_of_exactly_the_allowed_size_is_accepted() -> None:
    """Larger user data is compressed, and the compressed size counts."""
    assert sized_user_data("é" * LARGEST_USER_DATA, "place")
    # A hexadecimal digest compresses to half of its size.
    text = "".join(sha256(bytes([number % 256, number // 256])).hexdigest() for number in range(600))
    assert sized_user_data(text[:LARGEST_USER_DATA], "place")
    with pytest.raises(DeclarationError, match=r"place\n  found:   2\d,\d+ bytes"):
        sized_user_data(text, "place")


def test_the_size_of_its_trust_policy_limits_the_branches_of_a_pipeline() -> None:
    branch = "project_path:platform/runners:ref_type:branch:ref:release/"

    def trust_policy(branches: int) -> str:
        subjects = [f"{branch}{number:03}" for number in range(branches)]
        return pipeline_trust_policy(PROVIDER, "sts.amazonaws.com", subjects, "roles.pipeline")

    each = TRUST_POLICY.size(trust_policy(2)) - TRUST_POLICY.size(trust_policy(1))
    most = (2048 - TRUST_POLICY.size(trust_policy(1))) // each + 1
    assert 2048 - each < TRUST_POLICY.size(trust_policy(most)) <= 2048
    with pytest.raises(DeclarationError) as refused:
        trust_policy(most + 1)
    (problem,) = refused.value.problems
    assert problem.path == "roles.pipeline"
    assert "characters of a role's trust policy" in problem.found
    assert "pattern for several" in problem.fix
