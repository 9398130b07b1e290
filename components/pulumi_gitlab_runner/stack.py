"""The whole from one declaration."""

from typing import Any

import pulumi

from pulumi_gitlab_runner.aws.ecr_repositories import EcrRepositories
from pulumi_gitlab_runner.aws.ecr_settings import EcrSettings
from pulumi_gitlab_runner.aws.environment import (
    NOWHERE,
    AwsEnvironmentArgs,
    environment_of,
    known_environment,
)
from pulumi_gitlab_runner.aws.host_network import HostNetworkArgs, default_network
from pulumi_gitlab_runner.aws.host_store import HostStore
from pulumi_gitlab_runner.aws.hosted_runner_auth import HostedRunnerAuth, HostedRunnerAuthArgs
from pulumi_gitlab_runner.aws.image_digests import image_digests
from pulumi_gitlab_runner.aws.job_role import stack_job_roles
from pulumi_gitlab_runner.aws.pull_through_cache import pull_through_cache
from pulumi_gitlab_runner.aws.runner_network import RunnerNetwork
from pulumi_gitlab_runner.declared import plain, told_once
from pulumi_gitlab_runner.docker.image_build import checked_build
from pulumi_gitlab_runner.docker.stack_builds import built_pins, stack_builds
from pulumi_gitlab_runner.gitlab.ci_variables import CiVariables
from pulumi_gitlab_runner.host.check import check_manager_configs
from pulumi_gitlab_runner.mirror.stack_mirrors import mirrored_digests, stack_mirrors
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.hosted_auth import keeps_secrets
from pulumi_gitlab_runner.spec.problems import join_path
from pulumi_gitlab_runner.spec.registries import EcrRegistry, PullThroughRegistry
from pulumi_gitlab_runner.spec.stack import Stack, StackDeclaration, build_stack
from pulumi_gitlab_runner.spec.variable_warnings import variable_warnings
from pulumi_gitlab_runner.stack_outputs import (
    policies_of_owners,
    registries_told,
    variables_told,
)
from pulumi_gitlab_runner.stack_runners import Roles, stack_runners


class RunnerStack(pulumi.ComponentResource):
    """Registries, runners and CI variables: all that one declaration says.

    The declaration is checked as a whole before anything is registered.

    Creates:

    - `gitlab-runner:index:EcrRepositories` for each ECR registry of this account
    - `aws:ecr/pullThroughCacheRule:PullThroughCacheRule` for each public registry that is pulled through ECR,
      with `aws:secretsmanager/secret:Secret` and `aws:secretsmanager/secretVersion:SecretVersion` where it
      has `upstream_credentials`
    - `gitlab-runner:index:ImageBuild` for each of `builds`
    - `gitlab-runner:index:EcrSettings` for each region of `ecr_settings`
    - `gitlab-runner:index:RunnerNetwork`, where a `network` is declared
    - `gitlab-runner:index:HostStore`, where there is a host in EC2, or a secret of `hosted_auth` to keep
    - `gitlab-runner:index:RunnerRegistration` for each runner
    - `gitlab-runner:index:RunnerCache`, where there is a runner and a cache
    - `gitlab-runner:index:RunnerHost`, `gitlab-runner:index:RunnerFleet` or
      `gitlab-runner:index:DockerRunnerHost` for each runner manager, under the name of the runner that
      declares it (its first one, if it was renamed)
    - `gitlab-runner:index:ImageMirror` for each mirror
    - `gitlab-runner:index:CiVariables`, where there are variables
    - `gitlab-runner:index:HostedRunnerAuth` for each variable of `hosted_auth`
    - `gitlab-runner:index:JobRole` for each of `job_roles`, and
      `aws:iam/openIdConnectProvider:OpenIdConnectProvider`, where they declare none

    Raises `pulumi.RunError` with every problem of the declaration: its place, what was found and what is
    allowed.
    """

    registries: pulumi.Output[dict[str, Any]]
    """Each registry by its name: its `host`, and the URLs of its `repositories`."""
    builds: pulumi.Output[dict[str, str]]
    """Each image that is built here, by the name of its build: `repository:tag@sha256:…`."""
    runners: pulumi.Output[dict[str, Any]]
    """Each runner by its name: its `id` in GitLab, its `tags` and `scope`, and its `host`, the Auto Scaling
    group of its host or its workers, or the container of its manager."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must put on each of the
    repositories, so that the runners may pull."""
    docker_policies: pulumi.Output[dict[str, str]]
    """For each runner with a Docker host that has `aws_credentials`: the IAM policy that these need."""
    variables: pulumi.Output[list[Any]]
    """Each CI variable, those of `hosted_auth` too: its `scope` and `key`, and whether it is `masked` and
    `protected`."""
    job_roles: pulumi.Output[dict[str, Any]]
    """Each role for jobs by its name: its `arn`, and the `snippet` for `.gitlab-ci.yml`."""
    mirrors: pulumi.Output[dict[str, Any]]
    """Each mirror by its name: its images by their names, `HOST/REPOSITORY:TAG@sha256:…`."""
    nat_addresses: pulumi.Output[list[str]]
    """The public addresses of the `network`'s NAT gateways, for the firewall of a GitLab or a registry; none
    without a `network`."""

    def __init__(self, name: str, args: StackDeclaration, opts: pulumi.ResourceOptions | None = None) -> None:
        with told_once():
            stack = build_stack(plain(args))
            # Each build reads its files again: this is before anything is registered.
            for each, build in args.get("builds", {}).items():
                checked_build(plain(build), join_path("stack", "builds", each))
            warnings = [*check_manager_configs(stack), *variable_warnings(stack)]
        super().__init__("gitlab-runner:index:RunnerStack", name, {}, opts)
        for warning in warnings:
            pulumi.log.warn(str(warning), self)
        child = pulumi.ResourceOptions(parent=self)
        declared = args.get("registries", {})
        place = environment_of(self) if stack.in_aws else NOWHERE
        environment = known_environment(place).apply(lambda known: _checked_in(args, known))

        created: dict[str, EcrRepositories] = {}
        for registry in stack.registries.values():
            if isinstance(registry, EcrRegistry) and registry.created:
                created[registry.name] = EcrRepositories(
                    registry.name,
                    {
                        "repositories": declared[registry.name].get("repositories", {}),
                        "allow_pull": list(registry.allow_pull),
                        **({"region": registry.region} if registry.region else {}),
                        "environment": place,
                    },
                    opts=child,
                )
            elif isinstance(registry, PullThroughRegistry):
                pull_through_cache(registry, declared[registry.name], self)
        for region, settings in args.get("ecr_settings", {}).items():
            EcrSettings(region, {**settings, "region": region, "environment": place}, opts=child)
        self.registries = environment.apply(lambda known: registries_told(stack, known))
        builds = stack_builds(stack, args, place, created, self)
        built_here: dict[str, Any] = {name: each.image for name, each in builds.items()}
        self.builds = pulumi.Output.from_input(built_here)
        mirrors = stack_mirrors(stack, args, place, created, self)
        mirrored_here: dict[str, Any] = {name: each.images for name, each in mirrors.items()}
        self.mirrors = pulumi.Output.from_input(mirrored_here)
        images = [image for manager in stack.managers.values() for image in manager.pinned_images]
        made_here: dict[str, Any] = mirrored_digests(stack, mirrors) | built_pins(stack, builds, images)
        asked = [image for image in images if image not in made_here]
        digests = pulumi.Output.all(
            image_digests(asked, stack.registries, declared, environment, self),
            pulumi.Output.from_input(made_here),
        ).apply(lambda known: known[0] | known[1])
        network: HostNetworkArgs | None = None
        self.nat_addresses = pulumi.Output.from_input([])
        if stack.network:
            made = RunnerNetwork(name, {**args["network"], "environment": place}, opts=child)
            network = {"vpc_id": made.vpc_id, "subnet_ids": made.subnet_ids}
            self.nat_addresses = made.nat_addresses
        elif any(not (manager.host.vpc or manager.host.docker) for manager in stack.managers.values()):
            network = default_network(self)  # asked for once, not by each host
        secrets = any(keeps_secrets(each, stack.registries) for each in stack.hosted_auth.values())
        instances = any(manager.host.docker is None for manager in stack.managers.values())
        store = HostStore(name, {}, opts=child) if instances or secrets else None
        runners = stack_runners(stack, args, place, digests, network, store, self)
        self.runners = pulumi.Output.from_input(runners.told)
        self.docker_policies = pulumi.Output.from_input(runners.docker_policies)
        job_roles = stack_job_roles(stack, args, place, self)
        self.job_roles = pulumi.Output.from_input(
            {each: {"arn": made.role_arn, "snippet": made.snippet} for each, made in job_roles.items()}
        )
        users = [
            *runners.roles,
            *self._hosted_auth(stack, args, place, store),
            *((stack.job_roles[each], made.role_arn) for each, made in job_roles.items()),
        ]
        self.required_policies = pulumi.Output.all(environment, *(arn for _, arn in users)).apply(
            lambda known: policies_of_owners(stack, known[0], [user for user, _ in users], known[1:])
        )
        if stack.variables:
            CiVariables(name, {"variables": args["variables"], "registries": declared}, opts=child)
        self.variables = pulumi.Output.from_input(variables_told(stack))
        self.register_outputs(
            {
                "builds": self.builds,
                "dockerPolicies": self.docker_policies,
                "jobRoles": self.job_roles,
                "mirrors": self.mirrors,
                "natAddresses": self.nat_addresses,
                "registries": self.registries,
                "requiredPolicies": self.required_policies,
                "runners": self.runners,
                "variables": self.variables,
            }
        )

    def _hosted_auth(
        self, stack: Stack, args: StackDeclaration, place: AwsEnvironmentArgs, store: HostStore | None
    ) -> Roles:
        """Make what keeps CI variables fresh; each with its role."""
        roles: Roles = []
        for name, auth in stack.hosted_auth.items():
            auth_args: HostedRunnerAuthArgs = {
                "auth": args["hosted_auth"][name],
                "registries": {each: args["registries"][each] for each in auth.registries},
                "gitlab_url": stack.gitlab_url,
                "environment": place,
            }
            if store is not None:
                auth_args["key_arn"] = store.key_arn
            made = HostedRunnerAuth(name, auth_args, opts=pulumi.ResourceOptions(parent=self))
            roles.append((auth, made.role_arn))
        return roles


def _checked_in(declaration: StackDeclaration, environment: AwsEnvironment) -> AwsEnvironment:
    """The environment, when the declaration holds in it too: now every registry's host is known."""
    with told_once():
        build_stack(plain(declaration), environment)
    return environment
