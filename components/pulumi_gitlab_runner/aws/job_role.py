"""Roles that jobs take on with an ID token of GitLab."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.auth.job_snippet import EcrLogin, job_snippet
from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs, environment_of, known_environment
from pulumi_gitlab_runner.declared import plain, told_once
from pulumi_gitlab_runner.iam.job_role import job_policy, job_trust_policy
from pulumi_gitlab_runner.iam.registries import required_policies
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.job_roles import JobRoleDeclaration
from pulumi_gitlab_runner.spec.registries import EcrPublicRegistry, EcrRegistry, Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.ecr_public import ECR_PUBLIC_REGION
from pulumi_gitlab_runner.spec.shape import check_keys
from pulumi_gitlab_runner.spec.stack import GITLAB_COM, Stack, StackDeclaration, build_stack


class JobRoleArgs(TypedDict):
    """A role for jobs, and the registries that it names."""

    role: JobRoleDeclaration
    """The role."""
    registries: dict[str, RegistryDeclaration]
    """The registries that it names, by name."""
    gitlab_url: NotRequired[str]
    """GitLab's address. Default `https://gitlab.com`."""
    provider_arn: NotRequired[pulumi.Input[str]]
    """The ARN of the OpenID Connect provider, where the role declares no `identity_provider`. Default: it is
    created."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS it lives. Default: asked of AWS."""


class JobRole(pulumi.ComponentResource):
    """A role that jobs take on with an ID token of GitLab, to push images to ECR: no AWS key lies in GitLab.

    Only jobs of the declared projects, on the declared branches and tags, may take it on; and it may push to
    and pull from exactly the declared repositories.

    Creates:

    - `aws:iam/role:Role` and `aws:iam/rolePolicy:RolePolicy`
    - `aws:iam/openIdConnectProvider:OpenIdConnectProvider`, where none is given

    Raises `pulumi.RunError` for what is wrongly declared, such as a role without branches and tags.
    """

    role_arn: pulumi.Output[str]
    """The role's ARN."""
    snippet: pulumi.Output[str]
    """What a job needs in `.gitlab-ci.yml`: a hidden job that it extends, under the role's name."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must put on each of the
    repositories, so that jobs may pull."""

    def __init__(self, name: str, args: JobRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with told_once():
            check_keys(args, JobRoleArgs, name)
            declared = {
                "gitlab_url": args.get("gitlab_url", GITLAB_COM),
                "registries": args["registries"],
                "job_roles": {name: args["role"]},
            }
            stack = build_stack(plain(declared), path=name)
        role = stack.job_roles[name]
        super().__init__("gitlab-runner:index:JobRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        environment = known_environment(args.get("environment") or environment_of(self))
        provider = role.identity_provider or args.get("provider_arn")
        if provider is None:
            provider = identity_provider(name, role.issuer, [role.audience], self)
        made = aws.iam.Role(
            name,
            path=role.role_path,
            description=f"Jobs of GitLab: {pulumi.get_project()}/{pulumi.get_stack()}",
            assume_role_policy=pulumi.Output.from_input(provider).apply(
                lambda arn: job_trust_policy(arn, role.audience, role.subjects)
            ),
            permissions_boundary=role.permissions_boundary,
            opts=child,
        )
        aws.iam.RolePolicy(
            name,
            role=made.name,
            policy=environment.apply(lambda known: job_policy(role, stack.registries, known)),
            opts=child,
        )
        used = [stack.registries[each] for each in (*role.push, *role.registries)]
        self.role_arn = made.arn
        self.snippet = pulumi.Output.all(made.arn, environment).apply(
            lambda known: job_snippet(
                name, role_arn=known[0], audience=role.audience, logins=_logins(used, known[1])
            )
        )
        self.required_policies = pulumi.Output.all(made.arn, environment).apply(
            lambda known: required_policies({known[0]: used}, known[1])
        )
        self.register_outputs(
            {
                "requiredPolicies": self.required_policies,
                "roleArn": self.role_arn,
                "snippet": self.snippet,
            }
        )


def stack_job_roles(
    stack: Stack, args: StackDeclaration, environment: AwsEnvironmentArgs, parent: pulumi.Resource
) -> dict[str, JobRole]:
    """Make the roles for jobs of a stack, by name; an account has one provider for a GitLab.

    Args:
        stack: the declaration.
        args: the same, as the program gives it.
        environment: where the stack lives.
        parent: the component that they belong to.
    """
    audiences: dict[str, list[str]] = {}
    for role in stack.job_roles.values():
        if role.identity_provider is None:
            audiences.setdefault(role.issuer, []).append(role.audience)
    providers = {
        issuer: identity_provider(issuer.partition("://")[2], issuer, of_it, parent)
        for issuer, of_it in audiences.items()
    }
    made = {}
    for name, role in stack.job_roles.items():
        role_args: JobRoleArgs = {
            "role": args["job_roles"][name],
            "registries": {each: args["registries"][each] for each in (*role.push, *role.registries)},
            "gitlab_url": stack.gitlab_url,
            "environment": environment,
        }
        if role.identity_provider is None:
            role_args["provider_arn"] = providers[role.issuer]
        made[name] = JobRole(name, role_args, opts=pulumi.ResourceOptions(parent=parent))
    return made


def identity_provider(
    name: str, issuer: str, audiences: Iterable[str], parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Make the OpenID Connect provider of a GitLab, and return its ARN.

    AWS knows the certificate authorities by itself, so no thumbprint is given:
    docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html.

    Args:
        name: of the resource.
        issuer: GitLab's address.
        audiences: for whom it may make tokens.
        parent: the component that it belongs to.
    """
    made = aws.iam.OpenIdConnectProvider(
        name, url=issuer, client_id_lists=sorted(set(audiences)), opts=pulumi.ResourceOptions(parent=parent)
    )
    return made.arn


def _logins(used: Sequence[Registry], environment: AwsEnvironment) -> Iterator[EcrLogin]:
    """The registries that a job logs in to."""
    for each in used:
        host = each.host_in(environment)
        if isinstance(each, EcrPublicRegistry):
            yield EcrLogin(host, ECR_PUBLIC_REGION, public=True)
        else:
            own = each.region if isinstance(each, EcrRegistry) else None
            yield EcrLogin(host, own or environment.region)
