"""The roles of a GitLab project's pipeline, which previews a stack, deploys it and detects drift."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.aws_environment import kms_key_problems
from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, known, model_of, strict
from pulumi_gitlab_runner.spec.job_roles import (
    audience_problems,
    issuer_problems,
    project_problems,
    provider_problems,
    ref_problems,
)
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path
from pulumi_gitlab_runner.spec.roles import ROLE_SHOWN, RoleDeclaration, role_problems
from pulumi_gitlab_runner.spec.stack_file import PROJECT

AUDIENCE = "sts.amazonaws.com"
"""The audience of the tokens in `templates/stack.yml`."""


@strict
class PulumiStateDeclaration(TypedDict):
    """The S3 backend of a stack's state."""

    bucket: Input[str]
    """The bucket's name."""
    prefix: NotRequired[str]
    """The prefix of the object keys, as in `s3://BUCKET/PREFIX`. The roles apply to all states below it.
    Default: none."""
    kms_key: NotRequired[Input[str]]
    """The ARN of the customer managed KMS key that encrypts the bucket. Default: none, or an AWS managed
    key."""
    secrets_key: NotRequired[Input[str]]
    """The ARN of the KMS key of the stack's secrets, as in `pulumi stack init --secrets-provider awskms://…`.
    Default: none; the secrets are encrypted with a passphrase."""


@strict
class PipelineDeclaration(RoleDeclaration):
    """The pipeline of one stack, whose jobs assume the roles with GitLab ID tokens (OpenID Connect)."""

    project: Input[str]
    """The path of the GitLab project of the pipeline, such as `platform/runners`."""
    stack: str
    """The name of the Pulumi stack, such as `prod`."""
    pulumi_project: NotRequired[str]
    """The name of the Pulumi project, as in `Pulumi.yaml`. Default `gitlab-runner`."""
    runner_stack: NotRequired[str]
    """The name of the `RunnerStack` in the program. Default `ci`."""
    state: NotRequired[PulumiStateDeclaration]
    """The S3 backend of the state. Default: none, for another backend such as Pulumi Cloud."""
    preview_branches: NotRequired[list[Input[str]]]
    """The source branches whose merge requests may be previewed, `*` as a wildcard. Everyone who can push to
    one of them can run any code with the preview's role, which only reads, and can decrypt the secrets of the
    state. Default `["*"]`."""
    deploy_branches: NotRequired[list[Input[str]]]
    """The branches that may deploy and detect drift; use protected branches. Default `["main"]`."""
    issuer: NotRequired[Input[str]]
    """GitLab's address, the issuer (`iss`) of its ID tokens. Default: the `gitlab_url` of the stack."""
    audience: NotRequired[Input[str]]
    """The audience of the ID token (`aud`). Default `sts.amazonaws.com`, as in `templates/stack.yml`."""
    identity_provider: NotRequired[Input[str]]
    """The ARN of the IAM OpenID Connect provider, if the account already has one for this GitLab; the
    audience must be one of its client IDs. An account can have only one for each GitLab. Default: the
    component creates it."""


@dataclass(frozen=True)
class PulumiState:
    """The S3 backend of a stack's state."""

    bucket: Value[str]
    prefix: str = ""
    kms_key: Value[str] | None = None
    secrets_key: Value[str] | None = None


@dataclass(frozen=True)
class Pipeline:
    """The pipeline of one stack, with the defaults filled in."""

    shown = (
        *("project", "stack", "pulumi_project", "runner_stack", "preview_branches"),
        "deploy_branches",
        *ROLE_SHOWN,
    )

    project: Value[str]
    stack: str
    pulumi_project: str
    runner_stack: str
    preview_branches: tuple[Value[str], ...]
    deploy_branches: tuple[Value[str], ...]
    declared_issuer: Value[str]
    audience: Value[str] = AUDIENCE
    state: PulumiState | None = None
    identity_provider: Value[str] | None = None
    permissions_boundary: Value[str] | None = None
    role_path: Value[str] = "/"

    @property
    def issuer(self) -> str:
        """GitLab's address, without a slash at the end; it must be known."""
        return known(self.declared_issuer).rstrip("/")

    @property
    def preview_subjects(self) -> list[str]:
        """The subjects (`sub`) of the ID tokens of previews; the project and branches must be known."""
        return self._subjects(self.preview_branches)

    @property
    def deploy_subjects(self) -> list[str]:
        """The subjects (`sub`) of the ID tokens of deployments; the project and branches must be known."""
        return self._subjects(self.deploy_branches)

    def _subjects(self, branches: tuple[Value[str], ...]) -> list[str]:
        project = known(self.project)
        return [f"project_path:{project}:ref_type:branch:ref:{known(branch)}" for branch in branches]


def parse_pipeline(declaration: PipelineDeclaration, gitlab_url: Value[str]) -> Pipeline:
    """The pipeline that a valid declaration describes, given the stack's `gitlab_url`."""
    defaults = {
        "pulumi_project": PROJECT,
        "runner_stack": "ci",
        "preview_branches": ["*"],
        "deploy_branches": ["main"],
    }
    return model_of(
        Pipeline,
        defaults | declaration,
        {"state": lambda state: model_of(PulumiState, state)},
        declared_issuer=declaration.get("issuer", gitlab_url),
    )


_STACK = re.compile(r"[A-Za-z0-9_.-]{1,100}")
"""The name of a stack or project: pulumi/pulumi, sdk/go/common/tokens/names.go."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def pipeline_problems(declaration: PipelineDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a pipeline."""
    yield from check_key(declaration, "project", path, project_problems, one=True)
    for key in ("stack", "pulumi_project", "runner_stack"):
        name = str(declaration.get(key, "it"))
        if not _STACK.fullmatch(name):
            yield Problem(
                join_path(path, key),
                repr(name),
                "1 to 100 letters, digits, '-', '_' and '.', as in names of Pulumi",
            )
    for key in ("preview_branches", "deploy_branches"):
        if declaration.get(key) == []:
            yield Problem(join_path(path, key), "no branch", "at least one")
        yield from check_key(declaration, key, path, ref_problems)
    yield from check_key(declaration, "deploy_branches", path, _deploy_problems)
    yield from check_key(declaration, "state", path, _state_problems)
    yield from check_key(declaration, "issuer", path, issuer_problems)
    yield from check_key(declaration, "audience", path, audience_problems)
    yield from check_key(declaration, "identity_provider", path, provider_problems)
    yield from role_problems(declaration, path)


def _deploy_problems(branch: str, path: str) -> Iterator[Problem]:
    if branch.strip("*") == "":
        yield Problem(
            path,
            repr(branch),
            "a protected branch, such as main",
            "with '*', everyone who can push a branch can deploy",
        )


def _state_problems(state: PulumiStateDeclaration, path: str) -> Iterator[Problem]:
    yield from check_key(
        state, "bucket", path, form_problems, _BUCKET, "the name of an S3 bucket, without s3://"
    )
    for key in ("kms_key", "secrets_key"):
        yield from check_key(state, key, path, kms_key_problems)
