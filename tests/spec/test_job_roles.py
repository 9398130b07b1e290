"""Roles that jobs assume: the problems of a declaration."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.job_roles import JobRole

from tests.spec.declaration import declaration, problems_of

GOOD: dict[str, Any] = {"projects": ["team/app"], "branches": ["main"], "push": ["team/private/image"]}
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com"


def with_role(**changes: Any) -> dict[str, Any]:
    """The good declaration with a role for jobs; keys with None are left out."""
    role = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return declaration() | {"job_roles": {"publish": role}}


def test_a_good_declaration_gets_the_defaults() -> None:
    assert problems_of(with_role(identity_provider=PROVIDER, tags=["v*"])) == []
    role = parse_stack(with_role(registries=["shared"])).job_roles["publish"]
    assert (role.issuer, role.audience) == ("https://gitlab.example.com",) * 2
    assert role == JobRole(
        name="publish",
        projects=("team/app",),
        branches=("main",),
        tags=(),
        push={"team": ("private/image",)},
        registries=("shared",),
        declared_issuer="https://gitlab.example.com",
        declared_audience=None,
        identity_provider=None,
        permissions_boundary=None,
        role_path="/",
        trust_policy_length=2048,  # the default quota
    )


def test_everything_declared() -> None:
    boundary = "arn:aws:iam::123456789012:policy/b"
    role = parse_stack(
        with_role(
            projects=["team/app", "team/*"],
            branches=["main", "v1"],
            tags=["v*"],
            push=["team/private/image", "team/ci/base"],
            audience="sts.amazonaws.com",
            identity_provider=PROVIDER,
            permissions_boundary=boundary,
            role_path="/ci/",
            trust_policy_length=4096,
        )
    ).job_roles["publish"]
    assert role.push == {"team": ("private/image", "ci/base")}
    assert (role.registries, role.audience, role.identity_provider) == ((), "sts.amazonaws.com", PROVIDER)
    assert (role.permissions_boundary, role.role_path, role.trust_policy_length) == (boundary, "/ci/", 4096)
    assert role.subjects == tuple(
        f"project_path:team/{project}:ref_type:{ref}"
        for project in ("app", "*")
        for ref in ("branch:ref:main", "branch:ref:v1", "tag:ref:v*")
    )


def test_a_trust_policy_may_be_as_long_as_the_default_quota() -> None:
    assert problems_of(with_role(trust_policy_length=2048)) == []
    (found,) = problems_of(with_role(trust_policy_length=2047))
    assert (found.path, found.found) == ("stack.job_roles.publish.trust_policy_length", "2047")
    assert found.allowed == "2048 or more: the default quota"


@pytest.mark.parametrize(
    ("changes", "fix"),
    [
        ({"push": ["team/private/imag"]}, "did you mean 'team/private/image'?"),
        ({"push": ["shared/platform/toolchain"]}, "its owner must let jobs push there"),
        ({"push": ["legacy/app"]}, ""),
        ({"registries": ["tem"]}, "did you mean 'team'?"),
        (
            {"registries": ["legacy"]},
            "a job role gives access only to AWS: see docker_auth of `variables`",
        ),
        ({"issuer": "http://git.example.com"}, ""),
    ],
)
def test_the_fix_of_each_problem(changes: dict[str, Any], fix: str) -> None:
    (found,) = problems_of(with_role(**changes))
    assert found.fix == fix


def test_a_trailing_slash_is_not_part_of_the_issuer() -> None:
    role = parse_stack(with_role(issuer="https://git.example.com/")).job_roles["publish"]
    assert (role.issuer, role.audience) == ("https://git.example.com",) * 2


@pytest.mark.parametrize(
    ("changes", "path", "found"),
    [
        ({"branches": None}, "", "neither branches nor tags"),
        ({"projects": []}, "projects", "no project"),
        ({"projects": ["*"]}, "projects[0]", "'*'"),
        ({"projects": ["team/app", "*/app"]}, "projects[1]", "'*/app'"),
        ({"projects": ["team/app:ref_type:tag"]}, "projects[0]", "'team/app:ref_type:tag'"),
        ({"branches": ["main", "a:b"]}, "branches[1]", "'a:b'"),
        ({"tags": ["v?"]}, "tags[0]", "'v?'"),
        ({"push": None}, "", "neither push nor registries"),
        ({"push": ["team/none"]}, "push[0]", "'team/none', which is not a repository that the stack creates"),
        ({"push": ["team"]}, "push[0]", "'team', which is not a repository that the stack creates"),
        (
            {"push": ["shared/platform/toolchain"]},
            "push[0]",
            "'shared/platform/toolchain', which is not a repository that the stack creates",
        ),
        ({"registries": ["legacy"]}, "registries[0]", "'legacy', which is not a declared ECR registry"),
        ({"issuer": "http://git.example.com"}, "issuer", "'http://git.example.com'"),
        ({"issuer": "https://me:canary@git.example.com"}, "issuer", "'https://…@git.example.com'"),
        ({"audience": ""}, "audience", "an empty text"),
        ({"audience": "a" * 256}, "audience", "256 characters"),
        ({"identity_provider": "gitlab"}, "identity_provider", "'gitlab'"),
        ({"permissions_boundary": "boundary"}, "permissions_boundary", "'boundary'"),
    ],
)
def test_each_problem_is_reported(changes: dict[str, Any], path: str, found: str) -> None:
    reported = {(each.path, each.found) for each in problems_of(with_role(**changes))}
    assert reported == {("stack.job_roles.publish" + (f".{path}" if path else ""), found)}


def test_a_gitlab_that_aws_cannot_reach_is_not_an_issuer() -> None:
    declared = with_role() | {"gitlab_url": "http://gitlab.internal"}
    (found,) = problems_of(declared)
    assert found.path == "stack.job_roles.publish.issuer"
    assert found.fix == "AWS does not accept the stack's gitlab_url as an issuer: declare 'issuer'"
    assert found.fix == "AWS does not accept the stack's gitlab_url as an issuer: declare 'issuer'"
