"""The roles of the pipeline that deploys a stack."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.auth.job_snippet import pipeline_snippet
from pulumi_gitlab_runner.aws.arns import iam_arn, identity_provider_arn
from pulumi_gitlab_runner.aws.existing import unless_identity_provider
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.iam.pipeline_roles import (
    StackNames,
    packed,
    pipeline_statements,
    pipeline_trust_policy,
    state_statements,
)
from pulumi_gitlab_runner.iam.policy import Statement, policy_document
from pulumi_gitlab_runner.iam.quotas import MANAGED_POLICIES_PER_ROLE
from pulumi_gitlab_runner.manager.environment import provider_region
from pulumi_gitlab_runner.resolution import given, given_or_none, refused_as_whole, resolved, with_handles
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, partition_of
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, parse_tags, tags_problems
from pulumi_gitlab_runner.spec.declared import declared
from pulumi_gitlab_runner.spec.inputs import Input, is_known, known, strict
from pulumi_gitlab_runner.spec.pipeline_roles import (
    Pipeline,
    PipelineDeclaration,
    parse_pipeline,
    pipeline_problems,
)
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path, refuse
from pulumi_gitlab_runner.spec.regions import region_problems
from pulumi_gitlab_runner.spec.shape import checked
from pulumi_gitlab_runner.spec.stack import Stack, StackDeclaration, parse_stack
from pulumi_gitlab_runner.spec.stack_file import StackFileError, parse_stack_file

_ACCOUNT = "THE-ACCOUNT-"
"""A placeholder for the account id until it is known. It has 12 characters too, because the size of the
policies determines their number."""

_PREVIEW, _DEPLOY = attrgetter("preview_subjects"), attrgetter("deploy_subjects")


@strict
class PipelineRolesArgs(TypedDict):
    """A pipeline, and the stack that it deploys: its `declaration`, or the `stack_file` that contains it."""

    pipeline: PipelineDeclaration
    """The pipeline."""
    declaration: NotRequired[StackDeclaration]
    """The declaration of the stack."""
    stack_file: NotRequired[str]
    """The path of the stack's file, such as `stacks/Pulumi.prod.yaml`. Its `aws:region` is used too."""
    region: NotRequired[str]
    """The region of the stack. Default: that of the stack's file, else of the AWS provider."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the roles and their policies. Default: none."""


@dataclass(frozen=True)
class PipelineModel:
    """A pipeline, and what its roles need.

    Attributes:
        pipeline: the pipeline.
        stack: the stack that it deploys.
        region: the region of the stack; None for that of the AWS provider.
        tags: the tags of the roles and policies.
    """

    pipeline: Pipeline
    stack: Stack
    region: str | None = None
    tags: AwsTags = field(default_factory=dict)


class PipelineRoles(Component[PipelineModel]):
    """The roles that a pipeline assumes to preview and deploy a stack, and to detect its drift.

    Jobs of one project, on the declared branches, assume them with GitLab's ID token, so no AWS key is in
    GitLab. Each role has exactly the permissions that the declared stack needs: previews read the state and
    what the program looks up, drift detection reads all resources of the stack, deployments create them.

    An administrator's program creates the roles before the stack that they deploy. When the declaration needs
    more permissions than before, run that program first.

    The deploy role can grant the stack's roles any permission. If every role of the declaration has a
    `permissions_boundary`, the deployment cannot create a role without it.

    Creates:

    - `aws:iam/role:Role`, three, with `aws:iam/rolePolicy:RolePolicy` for the state in S3
    - `aws:iam/policy:Policy` and `aws:iam/rolePolicyAttachment:RolePolicyAttachment`, as many as the
      permissions need
    - `aws:iam/openIdConnectProvider:OpenIdConnectProvider`, if none is declared

    Raises `pulumi.RunError` for a wrong declaration, and for a stack that needs more permissions than fit
    into the policies of a role.
    """

    preview_role_arn: pulumi.Output[str]
    """The role of previews."""
    deploy_role_arn: pulumi.Output[str]
    """The role of deployments."""
    drift_role_arn: pulumi.Output[str]
    """The role of drift detection."""
    identity_provider_arn: pulumi.Output[str]
    """The OpenID Connect provider, for `identity_provider` of the stack's `job_roles`."""
    snippet: pulumi.Output[str]
    """The lines for `.gitlab-ci.yml`: the CI/CD component `stack` with these roles."""

    def __init__(
        self, name: str, args: PipelineRolesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with refused_as_whole():
            read = checked(with_handles(args, name), PipelineRolesArgs, name, _problems)
            declaration, region = _declared(read, name)
            stack = parse_stack(declaration, path=join_path(name, "declaration"))
        model = PipelineModel(
            parse_pipeline(read["pipeline"], stack.gitlab_url),
            stack,
            read.get("region", region),
            parse_tags(read.get("tags", {})),
        )
        self._make(name, model, opts)

    def _make(self, name: str, model: PipelineModel, opts: pulumi.ResourceOptions | None) -> None:
        pipeline, self._tags = model.pipeline, model.tags
        self.register_component("PipelineRoles", name, declared(model.pipeline), opts)
        region = model.region or provider_region(self)
        environment = AwsEnvironment(_ACCOUNT, region, partition_of(region))
        options = pulumi.InvokeOutputOptions(parent=self)
        self._account = aws.get_caller_identity_output(opts=options).account_id
        self._environment = self._account.apply(lambda account: replace(environment, account=account))
        names = StackNames(pipeline.pulumi_project, pipeline.stack, pipeline.runner_stack, environment)
        statements = pipeline_statements(model.stack, names)
        known_pipeline = resolved(pipeline)
        if pipeline.identity_provider is None and is_known(pipeline.declared_issuer):
            self._warn_of_another_provider(model.stack, pipeline.issuer, environment.partition)
        of_the_stack = f"{pipeline.runner_stack}-"
        if any(f"{name}-{role}-".startswith(of_the_stack) for role in ("preview", "drift", "deploy")):
            pulumi.log.warn(
                f"names of these roles start with {of_the_stack}, as those of the stack's roles do, so a "
                "deployment can change their trust policies: give the PipelineRoles another name",
                self,
            )
        self.identity_provider_arn = pulumi.Output.from_input(
            given_or_none(pipeline.identity_provider) or self._identity_provider(name, known_pipeline)
        )
        at = join_path(name, "pipeline")
        self.preview_role_arn, self.drift_role_arn, self.deploy_role_arn = (
            self._role(
                f"{name}-{kind}",
                pipeline,
                known_pipeline.apply(subjects),
                permissions,
                _state_policy(known_pipeline, environment.partition, write=write) if pipeline.state else None,
                at,
            )
            for kind, subjects, permissions, write in (
                ("preview", _PREVIEW, statements.preview, False),
                ("drift", _DEPLOY, statements.drift, False),
                ("deploy", _DEPLOY, statements.deploy, True),
            )
        )
        self.snippet = pulumi.Output.all(
            known_pipeline, self.preview_role_arn, self.deploy_role_arn, self.drift_role_arn
        ).apply(
            lambda found: pipeline_snippet(
                found[0].stack,
                backend=_backend(found[0], environment.region),
                preview_role=found[1],
                deploy_role=found[2],
                drift_role=found[3],
                audience=found[0].audience,
            )
        )
        self.register_declared_outputs()

    def _warn_of_another_provider(self, stack: Stack, issuer: str, partition: str) -> None:
        """Warn that the stack would create the same OpenID Connect provider: an account can have only one."""
        for role in stack.job_roles.values():
            known_issuer = is_known(role.declared_issuer) and role.issuer
            if role.identity_provider is None and known_issuer == issuer:
                arn = f"arn:{partition}:iam::{_ACCOUNT}:oidc-provider/{issuer.partition('://')[2]}"
                self._in_account(
                    f"the stack would create the OpenID Connect provider of {issuer} a second time: declare "
                    f"identity_provider: {arn} for its job role {role.name}"
                ).apply(lambda warning: pulumi.log.warn(warning, self))

    def _in_account(self, text: str) -> pulumi.Output[str]:
        """The text with the account id in place of the placeholder."""
        return self._account.apply(lambda account: text.replace(_ACCOUNT, account))

    def _identity_provider(self, name: str, pipeline: pulumi.Output[Pipeline]) -> pulumi.Output[str]:
        """The ARN of the provider; it also accepts GitLab's URL as audience, the default of `job_roles`."""
        provider = aws.iam.OpenIdConnectProvider(
            name,
            url=pipeline.apply(lambda found: found.issuer),
            client_id_lists=pipeline.apply(lambda found: sorted({known(found.audience), found.issuer})),
            tags=tag_inputs(self._tags),
            opts=pulumi.ResourceOptions(parent=self, hooks=unless_identity_provider(name, self)),
        )
        return identity_provider_arn(provider.url, self._environment)

    def _role(
        self,
        name: str,
        pipeline: Pipeline,
        subjects: pulumi.Output[list[str]],
        statements: Sequence[Statement],
        state_policy: pulumi.Output[str] | None,
        path: str,
    ) -> pulumi.Output[str]:
        """Create a role with its policies, and return its ARN."""

        def trust_policy(found: list[Any]) -> str:
            with refused_as_whole():
                return pipeline_trust_policy(found[0], found[1], found[2], path)

        policies = packed(statements)
        if len(policies) > MANAGED_POLICIES_PER_ROLE:
            problem = Problem(
                name,
                f"{len(policies)} managed policies for its permissions",
                f"at most {MANAGED_POLICIES_PER_ROLE}, the AWS quota for a role",
                "deploy the declaration as several stacks",
            )
            with refused_as_whole():
                raise DeclarationError([problem])
        role = aws.iam.Role(
            name,
            path=given(pipeline.role_path),
            description=f"Pipeline of {pipeline.pulumi_project}/{pipeline.stack}",
            assume_role_policy=pulumi.Output.all(
                self.identity_provider_arn, given(pipeline.audience), subjects
            ).apply(trust_policy),
            permissions_boundary=given_or_none(pipeline.permissions_boundary),
            tags=tag_inputs(self._tags),
            opts=self._child,
        )
        if state_policy is not None:
            aws.iam.RolePolicy(f"{name}-state", role=role.name, policy=state_policy, opts=self._child)
        for number, policy in enumerate(policies, 1):
            managed = aws.iam.Policy(
                f"{name}-{number}",
                path=given(pipeline.role_path),
                policy=self._in_account(policy),
                tags=tag_inputs(self._tags),
                opts=self._child,
            )
            policy_arn = iam_arn("policy", managed.name, given(pipeline.role_path), self._environment)
            aws.iam.RolePolicyAttachment(
                f"{name}-{number}", role=role.name, policy_arn=policy_arn, opts=self._child
            )
        return role.arn


def _problems(declaration: PipelineRolesArgs, path: str) -> Iterator[Problem]:
    given_as = [key for key in ("declaration", "stack_file") if key in declaration]
    if len(given_as) != 1:
        found = "both" if given_as else "neither 'declaration' nor 'stack_file'"
        yield Problem(path, found, "exactly one of declaration, stack_file")
    if "region" in declaration:
        yield from region_problems(declaration["region"], join_path(path, "region"))
    yield from pipeline_problems(declaration["pipeline"], join_path(path, "pipeline"))
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"), of_instances=False)


def _declared(read: PipelineRolesArgs, name: str) -> tuple[Any, str | None]:
    """The declaration of the stack, and its region if the stack's file has one."""
    if "declaration" in read:
        return read["declaration"], None
    path = join_path(name, "stack_file")
    try:
        file = parse_stack_file(Path(read["stack_file"]).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise DeclarationError([Problem(path, read["stack_file"], "the path of a stack's file")]) from None
    except StackFileError as error:
        raise DeclarationError([Problem(path, f"{read['stack_file']}: {error}", "a stack's file")]) from None
    of_file = f"of {read['stack_file']}"
    refuse(region_problems(file.region, path, of_file) if file.region else ())
    return file.declaration, file.region


def _state_policy(pipeline: pulumi.Output[Pipeline], partition: str, *, write: bool) -> pulumi.Output[str]:
    def policy(found: Pipeline) -> str:
        assert found.state is not None  # noqa: S101 - checked by the caller
        return policy_document(state_statements(found.state, partition, write=write))

    return pipeline.apply(policy)


def _backend(pipeline: Pipeline, region: str) -> str:
    """The URL of the state backend for `pulumi login`; empty if the state is not in S3."""
    state = pipeline.state
    if state is None:
        return ""
    prefix = f"/{state.prefix.strip('/')}" if state.prefix else ""
    return f"s3://{state.bucket}{prefix}?region={region}"
