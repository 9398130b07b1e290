"""IAM roles that jobs assume with an ID token of GitLab."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.auth.job_snippet import EcrLogin, job_snippet
from pulumi_gitlab_runner.aws.arns import identity_provider_arn
from pulumi_gitlab_runner.aws.existing import unless_identity_provider
from pulumi_gitlab_runner.aws.managed_policies import managed_policies
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import Component, renamed_child
from pulumi_gitlab_runner.existing import stack_mark
from pulumi_gitlab_runner.iam.job_role import job_policy, job_trust_policy, pulled_by
from pulumi_gitlab_runner.iam.registries import required_policies
from pulumi_gitlab_runner.iam.repository_policies import division
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment, environment_of
from pulumi_gitlab_runner.resolution import given, given_or_none, refused_as_whole, resolved, with_handles
from pulumi_gitlab_runner.spec import job_roles as spec
from pulumi_gitlab_runner.spec.arguments import stack_of_arguments
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.declared import declared
from pulumi_gitlab_runner.spec.inputs import Input, Value, is_known, known, optional, strict
from pulumi_gitlab_runner.spec.job_roles import JobRoleDeclaration
from pulumi_gitlab_runner.spec.own_account import job_role_account_problems
from pulumi_gitlab_runner.spec.problems import join_path, refuse
from pulumi_gitlab_runner.spec.registries import Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.shape import check_shape
from pulumi_gitlab_runner.spec.stack import Stack


@strict
class JobRoleArgs(TypedDict):
    """A role for jobs, and the registries that it names."""

    role: JobRoleDeclaration
    """The role."""
    registries: dict[str, RegistryDeclaration]
    """The registries that it names, by name."""
    gitlab_url: NotRequired[Input[str]]
    """GitLab's address. Default `https://gitlab.com`."""
    provider_arn: NotRequired[Input[str]]
    """The ARN of the OpenID Connect provider if the role declares no `identity_provider`. Default: the
    component creates one."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region. Default: those of the AWS provider."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the role. Default: none."""


@dataclass(frozen=True)
class JobRoleModel:
    """A role for jobs, and what its resources need.

    Attributes:
        role: the role.
        registries: the registries that it names, by name.
        provider_arn: the ARN of the OpenID Connect provider; None if the component creates it.
        environment: the AWS account and region; None if not looked up yet.
        tags: the tags of the role.
        path: the role's path in the declaration.
    """

    role: spec.JobRole
    registries: Mapping[str, Registry]
    provider_arn: pulumi.Input[str] | None = None
    environment: Environment | None = None
    tags: AwsTags = field(default_factory=dict)
    path: str = ""


class JobRole(Component[JobRoleModel]):
    """A role that jobs assume with an ID token of GitLab, to push images to ECR without an AWS key in GitLab.

    Only jobs of the declared projects, on the declared branches and tags, can assume it. It can push to and
    pull from exactly the declared repositories.

    Creates:

    - `aws:iam/role:Role` and `aws:iam/rolePolicy:RolePolicy`
    - `aws:iam/openIdConnectProvider:OpenIdConnectProvider`, if none is declared
    - `aws:iam/policy:Policy` and `aws:iam/rolePolicyAttachment:RolePolicyAttachment`, for repositories beyond
      the first hundred

    Raises `pulumi.RunError` for a wrong declaration, such as a role without branches and tags, and for more
    projects or repositories than IAM allows for one role.
    """

    role_arn: pulumi.Output[str]
    """The role's ARN."""
    role_name: pulumi.Output[str]
    """The role's name."""
    snippet: pulumi.Output[str]
    """The lines for `.gitlab-ci.yml`: a hidden job with the role's name, which jobs extend."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must add to each
    repository, so that jobs can pull and Pulumi can read digests; it stays valid when a role is replaced.
    Under `NAME/registry`: the registry permissions policy, where the registry has `caches`."""

    def __init__(self, name: str, args: JobRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            read = check_shape(with_handles(args, name), JobRoleArgs, name)
            declared: dict[str, Any] = {"registries": read["registries"], "job_roles": {name: read["role"]}}
            for key in ("gitlab_url", "tags"):
                if key in read:
                    declared[key] = read[key]
            places = {join_path(name, "job_roles", name): join_path(name, "role")}
            stack = stack_of_arguments(declared, name, places)
        model = JobRoleModel(
            stack.job_roles[name],
            stack.registries,
            given_or_none(optional(read.get("provider_arn"))),
            declared_environment(read.get("environment"), name),
            stack.tags,
            join_path(name, "job_roles", name),
        )
        self._make(name, model, opts)

    def _make(self, name: str, model: JobRoleModel, opts: pulumi.ResourceOptions | None) -> None:
        role = model.role
        self.register_component("JobRole", name, declared(model.role), opts)
        environment = model.environment or environment_of(self)
        provider = given_or_none(role.identity_provider) or model.provider_arn
        if provider is None:
            options = pulumi.ResourceOptions(parent=self, hooks=unless_identity_provider(name, self))
            provider = identity_provider(name, [role], environment, model.tags, options)
        known_model = resolved((role, model.registries))
        with refused_as_whole():
            divided = division(pulled_by(role, model.registries), further=0, path=model.path)

        def trust_policy(known: list[Any]) -> str:
            with refused_as_whole():
                return job_trust_policy(known[0], known[1][0].audience, known[1][0], model.path)

        def policy(known: list[Any]) -> str:
            with refused_as_whole():
                refuse(job_role_account_problems(known[0][0], known[1], model.path))
                return job_policy(known[0][0], known[0][1], known[1], divided.inline, model.path)

        created = aws.iam.Role(
            name,
            path=given(role.role_path),
            description=f"Jobs of GitLab: {stack_mark()}",
            assume_role_policy=pulumi.Output.all(provider, known_model).apply(trust_policy),
            permissions_boundary=given_or_none(role.permissions_boundary),
            force_detach_policies=True,
            tags=tag_inputs(model.tags),
            opts=self._child,
        )
        attached = managed_policies(
            name,
            divided,
            pulumi.Output.all(known_model, environment).apply(lambda known: (pulled_by(*known[0]), known[1])),
            role=created.name,
            role_path=given(role.role_path),
            tags=model.tags,
            declared_at=model.path,
            parent=self,
        )
        aws.iam.RolePolicy(
            name,
            role=created.name,
            policy=pulumi.Output.all(known_model, environment).apply(policy),
            opts=pulumi.ResourceOptions(parent=self, depends_on=attached),
        )
        parts = pulumi.Output.all(created.arn, known_model, environment)
        self.role_arn = created.arn
        self.role_name = created.name
        self.snippet = parts.apply(
            lambda known: job_snippet(
                role.name,
                role_arn=known[0],
                audience=known[1][0].audience,
                logins=_logins(_used(*known[1]), known[2]),
            )
        )
        self.required_policies = parts.apply(
            lambda known: required_policies({known[0]: _used(*known[1])}, known[2])
        )
        self.register_declared_outputs()


def stack_job_roles(
    name: str, stack: Stack, environment: Environment, parent: pulumi.Resource
) -> dict[str, JobRole]:
    """Create the job roles of a stack, by name. An account can have only one provider for a GitLab instance.

    Args:
        name: the prefix of the resource names.
        stack: the declaration.
        environment: the AWS environment of the stack.
        parent: the parent of the components.
    """
    by_issuer: dict[Value[str], list[spec.JobRole]] = {}
    for role in stack.job_roles.values():
        if role.identity_provider is None:
            by_issuer.setdefault(_comparable(role.declared_issuer), []).append(role)
    providers = {
        issuer: _stack_provider(name, issuer, roles, environment, stack.tags, parent)
        for issuer, roles in by_issuer.items()
    }
    return {
        each: JobRole.of(
            f"{name}-{each}",
            JobRoleModel(
                role,
                {used: stack.registries[used] for used in (*role.push, *role.registries)},
                providers.get(_comparable(role.declared_issuer)),
                environment,
                stack.tags,
                join_path("stack", "job_roles", each),
            ),
            renamed_child(parent, each),
        )
        for each, role in stack.job_roles.items()
    }


def _comparable(issuer: Value[str]) -> Value[str]:
    return known(issuer).rstrip("/") if is_known(issuer) else issuer


def _stack_provider(
    name: str,
    issuer: Value[str],
    roles: Sequence[spec.JobRole],
    environment: Environment,
    tags: AwsTags,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    former = known(issuer).partition("://")[2] if is_known(issuer) else "gitlab"
    options = pulumi.ResourceOptions(
        parent=parent,
        aliases=[pulumi.Alias(name=former)],
        hooks=unless_identity_provider(f"{name}-{former}", parent),
    )
    return identity_provider(f"{name}-{former}", roles, environment, tags, options)


def identity_provider(
    name: str,
    roles: Sequence[spec.JobRole],
    environment: Environment,
    tags: AwsTags,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Create the OpenID Connect provider of a GitLab instance, and return its ARN.

    AWS uses its own library of trusted root certificate authorities, so no thumbprint is needed:
    docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html.

    Args:
        name: the resource name.
        roles: the roles that trust the provider; all of one GitLab instance.
        environment: the AWS account and partition.
        tags: the tags of the provider.
        opts: the options of the resource.
    """
    known_roles = resolved(tuple(roles))
    provider = aws.iam.OpenIdConnectProvider(
        name,
        url=known_roles.apply(lambda found: found[0].issuer),
        client_id_lists=known_roles.apply(lambda found: sorted({each.audience for each in found})),
        tags=tag_inputs(tags),
        opts=opts,
    )
    return identity_provider_arn(provider.url, environment)


def _used(role: spec.JobRole, registries: Mapping[str, Registry]) -> list[Registry]:
    """The registries that a role names."""
    return [registries[each] for each in (*role.push, *role.registries)]


def _logins(used: Sequence[Registry], environment: AwsEnvironment) -> Iterator[EcrLogin]:
    """The registries that a job logs in to."""
    for each in used:
        if source := each.renewal(environment, ""):
            public = source.kind == "ecr-public"
            yield EcrLogin(each.host_in(environment), source.region, public=public)
