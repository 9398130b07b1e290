"""IAM roles that jobs assume with a GitLab ID token: jobs push images without a stored AWS access key."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NotRequired

from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.spec.inputs import Input, Value, check, check_key, is_empty, known, model_of, strict
from pulumi_gitlab_runner.spec.problems import Problem, did_you_mean, form_problems, join_path, listed
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.roles import ROLE_SHOWN, RoleDeclaration, role_problems

TRUST_POLICY_LENGTH = 2_048
"""The default quota of IAM for the length of a trust policy, in characters:
docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""


@strict
class JobRoleDeclaration(RoleDeclaration):
    """An IAM role that jobs of the given projects, branches and tags assume with a GitLab ID token."""

    projects: list[Input[str]]
    """The paths of the projects whose jobs may assume it, such as `team/app`. `*` matches any characters:
    `team/*` is every project of the group and of its subgroups."""
    branches: NotRequired[list[Input[str]]]
    """The branches whose jobs may assume it, such as `main` or `release/*`. Use protected branches: everyone
    who can push to one of these branches can assume the role. `["*"]` matches all branches, including merge
    requests."""
    tags: NotRequired[list[Input[str]]]
    """The Git tags whose jobs may assume it, such as `v*`."""
    push: NotRequired[list[str]]
    """The repositories that jobs may push to and pull from, `REGISTRY/REPOSITORY`, such as
    `team/private/image`. The stack must create the repositories."""
    registries: NotRequired[list[str]]
    """Further ECR registries, by name: jobs may pull from all their declared repositories."""
    issuer: NotRequired[Input[str]]
    """GitLab's address, the issuer (`iss`) of its ID tokens; AWS must be able to connect to it. Default: the
    stack's `gitlab_url`."""
    audience: NotRequired[Input[str]]
    """The audience of the ID token (`aud`). Default: the issuer."""
    identity_provider: NotRequired[Input[str]]
    """The ARN of the IAM OpenID Connect provider, if the account already has one for this GitLab; the
    audience must be one of its client IDs. An account can have only one for each GitLab. Default: the stack
    creates it."""
    trust_policy_length: NotRequired[int]
    """The maximum length of the role's trust policy, which names each of `projects`, `branches` and `tags`,
    in characters. More than 2,048 if AWS has raised the quota "Role trust policy length" of IAM for the
    account. Default 2048."""


@dataclass(frozen=True)
class JobRole:
    """An IAM role for jobs, with the defaults filled in.

    Attributes:
        projects: the paths of the projects, with `*` as a wildcard.
        branches: the branches, with `*` as a wildcard.
        tags: the Git tags, with `*` as a wildcard.
        push: the repositories that jobs may push to, by registry.
        declared_issuer: GitLab's address.
        declared_audience: the audience of the ID tokens; None for the issuer.
        trust_policy_length: the maximum length of the trust policy, in characters.
    """

    shown = ("projects", "branches", "tags", "push", "registries", *ROLE_SHOWN)

    name: str
    projects: tuple[Value[str], ...]
    push: Mapping[str, tuple[str, ...]]
    declared_issuer: Value[str]
    declared_audience: Value[str] | None
    branches: tuple[Value[str], ...] = ()
    tags: tuple[Value[str], ...] = ()
    registries: tuple[str, ...] = ()
    identity_provider: Value[str] | None = None
    permissions_boundary: Value[str] | None = None
    role_path: Value[str] = "/"
    trust_policy_length: int = TRUST_POLICY_LENGTH

    @property
    def issuer(self) -> str:
        """GitLab's address, without a slash at the end; it must be known."""
        return known(self.declared_issuer).rstrip("/")

    @property
    def audience(self) -> str:
        """The audience of the ID tokens; it must be known."""
        return self.issuer if self.declared_audience is None else known(self.declared_audience)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects (`sub`) of the ID tokens, with project and branch or tag; their parts must be known.

        Source: docs.gitlab.com/ci/secrets/id_token_authentication.
        """
        return tuple(
            f"project_path:{known(project)}:{reference}"
            for project in self.projects
            for reference in self.references
        )

    @property
    def references(self) -> tuple[str, ...]:
        """The parts of the subjects with a branch or tag."""
        return tuple(
            f"ref_type:{kind}:ref:{known(ref)}"
            for kind, refs in (("branch", self.branches), ("tag", self.tags))
            for ref in refs
        )


_PROJECT = re.compile(r"[\w.-]+(/[\w.*-]+)+", re.ASCII)
_ONE_PROJECT = re.compile(r"[\w.-]+(/[\w.-]+)+", re.ASCII)
_REF = re.compile(r"[^\s:?\[\\^~]+")
"""The characters of a branch or tag name in Git, and `*`: git-check-ref-format(1)."""
_ISSUER = re.compile(r"https://[^/?#@\s]+(/[^?#\s]*)?")
_LONGEST_AUDIENCE = 255
"""docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html."""
_PROVIDER = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[^\s?#]+")


def parse_job_role(name: str, declaration: JobRoleDeclaration, gitlab_url: Input[str]) -> JobRole:
    """The role that a valid declaration describes, given the stack's `gitlab_url`."""
    push: dict[str, tuple[str, ...]] = {}
    for each in declaration.get("push", ()):
        registry, _, repository = each.partition("/")
        push[registry] = (*push.get(registry, ()), repository)
    return model_of(
        JobRole,
        declaration,
        name=name,
        push=push,
        declared_issuer=declaration.get("issuer", gitlab_url),
        declared_audience=declaration.get("audience"),
    )


def job_role_problems(
    declaration: JobRoleDeclaration, path: str, registries: Mapping[str, Registry], gitlab_url: Input[str]
) -> Iterator[Problem]:
    """The problems of a job role, given the declared registries and GitLab's address."""
    if not declaration["projects"]:
        yield Problem(join_path(path, "projects"), "no project", "at least one, such as team/app")
    yield from check_key(declaration, "projects", path, project_problems)
    if not declaration.get("branches") and not declaration.get("tags"):
        yield Problem(
            path,
            "neither branches nor tags",
            "at least one, such as branches: [main]",
            "use protected ones: everyone who can push to them can assume the role",
        )
    for key in ("branches", "tags"):
        yield from check_key(declaration, key, path, ref_problems)
    if (length := declaration.get("trust_policy_length", TRUST_POLICY_LENGTH)) < TRUST_POLICY_LENGTH:
        at = join_path(path, "trust_policy_length")
        yield Problem(at, str(length), f"{TRUST_POLICY_LENGTH} or more: the default quota")
    yield from _right_problems(declaration, path, registries)
    yield from _identity_problems(declaration, path, gitlab_url)
    yield from role_problems(declaration, path)


def project_problems(project: str, path: str, *, one: bool = False) -> Iterator[Problem]:
    """The problems of the path of a project; with a wildcard for several projects, unless `one`."""
    if one:
        return form_problems(project, path, _ONE_PROJECT, "the path of a project, such as team/app")
    allowed = "a project's path, such as team/app, or team/* for every project below a group"
    return form_problems(project, path, _PROJECT, allowed)


def ref_problems(ref: str, path: str) -> Iterator[Problem]:
    """The problems of a branch or tag."""
    return form_problems(ref, path, _REF, "the name of a branch or tag, with '*' as a wildcard")


def _right_problems(
    declaration: JobRoleDeclaration, path: str, registries: Mapping[str, Registry]
) -> Iterator[Problem]:
    if not declaration.get("push") and not declaration.get("registries"):
        yield Problem(path, "neither push nor registries", "at least one: the role has no other permissions")
    yield from check_key(declaration, "push", path, _pushed_problems, registries)
    yield from check_key(declaration, "registries", path, _registry_problems, registries)


def _pushed_problems(pushed: str, path: str, registries: Mapping[str, Registry]) -> Iterator[Problem]:
    created = [each for each in registries.values() if each.created]
    allowed = [f"{each.name}/{repository}" for each in created for repository in each.repositories]
    if pushed not in allowed:
        registry = registries.get(pushed.partition("/")[0])
        foreign = registry is not None and registry.by_role and registry.not_pushed
        fix = "its owner must let jobs push there" if foreign else did_you_mean(pushed, allowed)
        found = f"{pushed!r}, which is not a repository that the stack creates"
        yield Problem(path, found, listed(allowed), fix)


def _registry_problems(name: str, path: str, registries: Mapping[str, Registry]) -> Iterator[Problem]:
    ecr = [each.name for each in registries.values() if each.by_role]
    if name not in ecr:
        fix = did_you_mean(name, ecr)
        if name in registries:
            fix = "a job role gives access only to AWS: see docker_auth of `variables`"
        yield Problem(path, f"{name!r}, which is not a declared ECR registry", listed(ecr), fix)


def _identity_problems(
    declaration: JobRoleDeclaration, path: str, gitlab_url: Input[str]
) -> Iterator[Problem]:
    yield from check_key(declaration, "identity_provider", path, provider_problems)
    fix = ""
    if "issuer" not in declaration:
        fix = "AWS does not accept the stack's gitlab_url as an issuer: declare 'issuer'"
    yield from check(declaration.get("issuer", gitlab_url), issuer_problems, join_path(path, "issuer"), fix)
    if is_empty(declaration.get("audience", "any")):
        yield Problem(join_path(path, "audience"), "an empty text", "the aud of the job's id_tokens")
    yield from check_key(declaration, "audience", path, audience_problems)


def audience_problems(audience: str, path: str) -> Iterator[Problem]:
    """The problems of the audience of ID tokens, which is a client ID of the identity provider in IAM."""
    if len(audience) > _LONGEST_AUDIENCE:
        allowed = f"{_LONGEST_AUDIENCE} characters at most, the limit of IAM"
        yield Problem(path, f"{len(audience)} characters", allowed)


def provider_problems(arn: str, path: str) -> Iterator[Problem]:
    """The problems of the ARN of an OpenID Connect provider."""
    allowed = "the ARN of an OpenID Connect provider: arn:aws:iam::ACCOUNT:oidc-provider/gitlab.example.com"
    return form_problems(arn, path, _PROVIDER, allowed)


def issuer_problems(issuer: str, path: str, fix: str = "") -> Iterator[Problem]:
    """The problems of the issuer of ID tokens."""
    if not _ISSUER.fullmatch(issuer):
        allowed = "GitLab's address with https://, such as https://gitlab.example.com"
        yield Problem(path, repr(without_password(issuer)), allowed, fix)
