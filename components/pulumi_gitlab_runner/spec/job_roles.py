"""Roles that jobs take on with an ID token of GitLab: for jobs that push images, without a stored AWS key."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NotRequired

from pydantic import ConfigDict, with_config

from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.spec.problems import Problem, did_you_mean, join_path, listed
from pulumi_gitlab_runner.spec.registries import (
    EcrPublicRegistry,
    EcrRegistry,
    PullThroughRegistry,
    Registry,
)
from pulumi_gitlab_runner.spec.roles import RoleDeclaration, role_problems


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
class JobRoleDeclaration(RoleDeclaration):
    """An IAM role for jobs of some projects, on some branches and tags, by GitLab's OpenID Connect."""

    projects: list[str]
    """The paths of the projects whose jobs may take it on, such as `team/app`. `*` stands for any characters:
    `team/*` is every project below the group, those of its subgroups too."""
    branches: NotRequired[list[str]]
    """The branches on which they may, such as `main` or `release/*`. Give protected ones: who can push to a
    branch of these projects can take the role on. `["*"]` is for all, merge requests among them."""
    tags: NotRequired[list[str]]
    """The Git tags on which they may, such as `v*`."""
    push: NotRequired[list[str]]
    """The repositories that they push to, as registry name / repository: `team/private/image`. They may pull
    from them too. Only where the stack creates the repositories."""
    registries: NotRequired[list[str]]
    """The registries of ECR that they pull from besides, by name: every repository that is declared there."""
    issuer: NotRequired[str]
    """GitLab's own address, which its ID tokens name as their issuer, and which AWS must reach. Default: the
    stack's `gitlab_url`."""
    audience: NotRequired[str]
    """For whom GitLab makes the token (`aud`). Default: the issuer."""
    identity_provider: NotRequired[str]
    """The ARN of the IAM OpenID Connect provider, where the account has one for this GitLab already; it must
    know the audience. An account can have only one. Default: it is created."""


@dataclass(frozen=True)
class JobRole:
    """A role for jobs, with the defaults filled in.

    Attributes:
        subjects: the projects, branches and tags, as an ID token names them, with `*` as a wildcard.
        push: the repositories that are pushed to, by their registry.
        issuer: GitLab's address; it has no slash at the end.
    """

    name: str
    subjects: tuple[str, ...]
    push: Mapping[str, tuple[str, ...]]
    registries: tuple[str, ...]
    issuer: str
    audience: str
    identity_provider: str | None
    permissions_boundary: str | None
    role_path: str


_PROJECT = re.compile(r"[\w.-]+(/[\w.*-]+)+", re.ASCII)
_REF = re.compile(r"[^\s:?\[\\^~]+")
"""What Git allows in the name of a branch or tag, and `*`: git-check-ref-format(1)."""
_ISSUER = re.compile(r"https://[^/?#@\s]+(/[^?#\s]*)?")
_PROVIDER = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[^\s?#]+")


def build_job_role(name: str, declaration: JobRoleDeclaration, gitlab_url: str) -> JobRole:
    """The role that a declaration without problems describes.

    Args:
        name: the role's.
        declaration: of the role.
        gitlab_url: GitLab's address, as the stack has it.
    """
    issuer = declaration.get("issuer", gitlab_url).rstrip("/")
    push: dict[str, tuple[str, ...]] = {}
    for each in declaration.get("push", ()):
        registry, _, repository = each.partition("/")
        push[registry] = (*push.get(registry, ()), repository)
    return JobRole(
        name,
        tuple(_subjects(declaration)),
        push,
        tuple(declaration.get("registries", ())),
        issuer,
        declaration.get("audience", issuer),
        declaration.get("identity_provider"),
        declaration.get("permissions_boundary"),
        declaration.get("role_path", "/"),
    )


def _subjects(declaration: JobRoleDeclaration) -> Iterator[str]:
    """As docs.gitlab.com/ci/secrets/id_token_authentication has it for `sub`."""
    for project in declaration["projects"]:
        for kind, _, refs in _refs(declaration):
            for ref in refs:
                yield f"project_path:{project}:ref_type:{kind}:ref:{ref}"


def _refs(declaration: JobRoleDeclaration) -> list[tuple[str, str, list[str]]]:
    """Each kind of ref, the key that has its names, and these."""
    return [
        ("branch", "branches", declaration.get("branches", [])),
        ("tag", "tags", declaration.get("tags", [])),
    ]


def job_role_problems(
    declaration: JobRoleDeclaration, path: str, registries: Mapping[str, Registry], gitlab_url: str
) -> Iterator[Problem]:
    """What is wrong with one role for jobs, given the declared registries and GitLab's address."""
    if not declaration["projects"]:
        yield Problem(join_path(path, "projects"), "no project", "at least one, such as team/app")
    for index, project in enumerate(declaration["projects"]):
        if not _PROJECT.fullmatch(project):
            yield Problem(
                join_path(path, "projects", index),
                repr(project),
                "a project's path, such as team/app, or team/* for every project below a group",
            )
    refs = [(key, index, ref) for _, key, refs in _refs(declaration) for index, ref in enumerate(refs)]
    if not refs:
        yield Problem(
            path,
            "neither branches nor tags",
            "at least one, such as branches: [main]",
            "name protected ones: who can push to them can take the role on",
        )
    for key, index, ref in refs:
        if not _REF.fullmatch(ref):
            yield Problem(
                join_path(path, key, index), repr(ref), "a name of a branch or tag, '*' as a wildcard"
            )
    yield from _right_problems(declaration, path, registries)
    yield from _identity_problems(declaration, path, gitlab_url)
    yield from role_problems(declaration, path)


def _right_problems(
    declaration: JobRoleDeclaration, path: str, registries: Mapping[str, Registry]
) -> Iterator[Problem]:
    if not declaration.get("push") and not declaration.get("registries"):
        yield Problem(path, "neither push nor registries", "at least one: the role may do nothing else")
    for index, each in enumerate(declaration.get("push", ())):
        at = join_path(path, "push", index)
        registry = registries.get(each.partition("/")[0])
        allowed = [
            f"{known.name}/{repository}"
            for known in registries.values()
            if isinstance(known, EcrRegistry) and known.created
            for repository in known.repositories
        ]
        if each not in allowed:
            foreign = isinstance(registry, EcrRegistry) and not registry.created
            yield Problem(
                at,
                f"{each!r}, no repository that the stack creates",
                listed(allowed),
                "its owner must let jobs push there" if foreign else did_you_mean(each, allowed),
            )
    for index, name in enumerate(declaration.get("registries", ())):
        at = join_path(path, "registries", index)
        ecr = [
            known.name
            for known in registries.values()
            if isinstance(known, EcrRegistry | PullThroughRegistry | EcrPublicRegistry)
        ]
        if name not in ecr:
            mend = did_you_mean(name, ecr)
            if name in registries:
                mend = "the role of a job is for AWS alone: see docker_auth under stack.variables"
            yield Problem(at, f"{name!r}, no declared registry of ECR", listed(ecr), mend)


def _identity_problems(declaration: JobRoleDeclaration, path: str, gitlab_url: str) -> Iterator[Problem]:
    provider = declaration.get("identity_provider")
    if provider is not None and not _PROVIDER.fullmatch(provider):
        yield Problem(
            join_path(path, "identity_provider"),
            repr(provider),
            "the ARN of an OpenID Connect provider: arn:aws:iam::ACCOUNT:oidc-provider/gitlab.example.com",
        )
    issuer = declaration.get("issuer", gitlab_url)
    if not _ISSUER.fullmatch(issuer):
        yield Problem(
            join_path(path, "issuer"),
            repr(without_password(issuer)),
            "GitLab's own address with https://, such as https://gitlab.example.com",
            "" if "issuer" in declaration else "the stack's gitlab_url is none that AWS takes for an issuer",
        )
    if not declaration.get("audience", "any"):
        yield Problem(join_path(path, "audience"), "an empty text", "what the job's id_tokens have as aud")
