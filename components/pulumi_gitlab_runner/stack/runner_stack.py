"""`RunnerStack`: all resources of one declaration."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from pulumi_gitlab_runner.component import Component, renamed_child
from pulumi_gitlab_runner.iam.registries import foreign_owners, required_policies
from pulumi_gitlab_runner.manager.arguments import HostNetwork, NewestImage
from pulumi_gitlab_runner.manager.environment import Environment, environment_of, nowhere
from pulumi_gitlab_runner.resolution import given, refused_as_whole, resolved
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.hosted_auth import keeps_secrets
from pulumi_gitlab_runner.spec.problems import join_path
from pulumi_gitlab_runner.spec.registries import EcrRegistry, PullThroughRegistry
from pulumi_gitlab_runner.spec.stack import RegistryUser, Stack, StackDeclaration, check_in
from pulumi_gitlab_runner.stack.images import stack_digests, stack_images
from pulumi_gitlab_runner.stack.reading import ReadStack, read_stack
from pulumi_gitlab_runner.stack.runners import CommonInputs, Roles, stack_runners

if TYPE_CHECKING:
    from pulumi_gitlab_runner.aws.hosts.runner_image import RunnerImage

DEFAULT_NAME = "ci"
"""The name of the `RunnerStack` in this project's program. The names of its hosts have no prefix."""


class RunnerStack(Component[ReadStack]):
    """The registries, runners, CI variables and other resources of one declaration.

    The declaration is validated as a whole before any resource is registered.

    Creates:

    - `gitlab-runner:index:EcrRepositories` for each ECR registry of this account
    - `aws:ecr/pullThroughCacheRule:PullThroughCacheRule` for each registry with `pull_through`,
      with `aws:secretsmanager/secret:Secret` and `aws:secretsmanager/secretVersion:SecretVersion` if it
      has `upstream_credentials`
    - `gitlab-runner:index:ImageBuild` for each of `builds`
    - `gitlab-runner:index:EcrSettings` for each region of `ecr_settings`
    - `gitlab-runner:index:RunnerNetwork` if a `network` is declared
    - `gitlab-runner:index:HostStore` if there is a host in EC2, or a secret of `hosted_auth` to store
    - `gitlab-runner:index:RunnerRegistration` for each runner
    - `gitlab-runner:index:RunnerImage` for each of `machine_images`
    - `gitlab-runner:index:RunnerCache` if there is a runner and a cache
    - `gitlab-runner:index:RunnerHost`, `gitlab-runner:index:RunnerFleet` or
      `gitlab-runner:index:DockerRunnerHost` for each runner manager, under the name of the runner that
      declares it (its first one, if it was renamed)
    - `gitlab-runner:index:ImageMirror` for each mirror
    - `gitlab-runner:index:CiVariables` if there are variables
    - `gitlab-runner:index:HostedRunnerAuth` for each variable of `hosted_auth`
    - `gitlab-runner:index:JobRole` for each of `job_roles`, and
      `aws:iam/openIdConnectProvider:OpenIdConnectProvider` for those without an `identity_provider`

    Raises `pulumi.RunError` with every problem of the declaration: its path, what was found, what is allowed
    and the fix.
    """

    registries: pulumi.Output[dict[str, Any]]
    """Each registry by its name: its `host`, and the URLs of its `repositories`."""
    builds: pulumi.Output[dict[str, str]]
    """Each built image, by the name of its build: `repository:tag@sha256:…`."""
    runners: pulumi.Output[dict[str, Any]]
    """Each runner by its name: its `id` in GitLab, its `tags` and `scope`, and its `host`, the Auto Scaling
    group of its host or its workers, or the container of its manager. In EC2 also the names of its `role`,
    `profile` and `log_group`, and the id of its `security_group`."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must add to each
    repository, so that the runners can pull and Pulumi can read digests; it stays valid when a role is
    replaced. Under `NAME/registry`: the registry permissions policy, for a registry with `caches`."""
    docker_policies: pulumi.Output[dict[str, str]]
    """The IAM policy that the `aws_credentials` of each runner on a Docker host need, by the runner's
    name."""
    variables: pulumi.Output[list[Any]]
    """Each CI variable, including those of `hosted_auth` and mirrors: its `scope` and `key`, and whether it
    is `masked` and `protected`."""
    job_roles: pulumi.Output[dict[str, Any]]
    """Each role for jobs by its name: its `arn`, and the `snippet` for `.gitlab-ci.yml`."""
    machine_images: pulumi.Output[dict[str, Any]]
    """Each machine image by its name: the `id` of the newest image, its `parameter`, and its `pipeline`."""
    mirrors: pulumi.Output[dict[str, Any]]
    """Each mirror by its name: its images by their names, `HOST/REPOSITORY:TAG@sha256:…`."""
    nat_addresses: pulumi.Output[list[str]]
    """The public IP addresses of the NAT gateways of `network`, for the firewall of a GitLab or a registry;
    empty without a `network`."""
    bucket: pulumi.Output[str]
    """The name of the bucket with the files of hosts in EC2; empty without such hosts."""
    key_arn: pulumi.Output[str]
    """The ARN of the KMS key that encrypts the stack's parameters; empty if there are none."""

    def __init__(self, name: str, args: StackDeclaration, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            read = read_stack(args)
        self._make(name, read, opts)

    def _make(self, name: str, model: ReadStack, opts: pulumi.ResourceOptions | None) -> None:
        stack = model.stack
        self.register_component("RunnerStack", name, {}, opts, **_owner_inputs(stack))
        for warning in model.warnings:
            pulumi.log.warn(warning, self)
        environment = environment_of(self) if stack.in_aws else nowhere()
        known_stack = pulumi.Output.all(resolved(stack), environment).apply(_checked)

        urls = self._registries(name, stack, environment)
        self.registries = pulumi.Output.all(known_stack, environment).apply(
            lambda known: _registry_outputs(*known)
        )
        images = stack_images(name, stack, model.contexts, environment, urls, self)
        self.builds = pulumi.Output.from_input(images.builds)
        self.mirrors = pulumi.Output.from_input(images.mirrors)
        self._store(name, stack, environment)
        network = self._network(name, stack, environment)
        prefix = stack.path_prefix
        if prefix is None:
            prefix = "" if name == DEFAULT_NAME else f"{name}-"
        built = self._machine_images(name, prefix, stack, environment, network)
        runners = stack_runners(
            stack,
            CommonInputs(
                name,
                prefix,
                environment,
                stack_digests(stack, images, environment, self),
                network,
                self.bucket,
                self.key_arn,
                self,
                {each: NewestImage(image.parameter_name, image.image_id) for each, image in built.items()},
            ),
        )
        self.runners = pulumi.Output.from_input(runners.outputs)
        self.docker_policies = pulumi.Output.from_input(runners.docker_policies)
        users = [
            *runners.roles,
            *((stack.machine_images[each], image.role_arn) for each, image in built.items()),
            *self._hosted_auth(name, prefix, stack, environment),
            *self._job_roles(name, stack, environment),
        ]
        self.required_policies = pulumi.Output.all(
            known_stack, environment, *(arn for _, arn in users)
        ).apply(lambda known: _policies_of_owners(known[0], known[1], [user for user, _ in users], known[2:]))
        self.variables = self._variables(name, stack, images.variables)
        self.register_declared_outputs()

    def _registries(
        self, name: str, stack: Stack, environment: Environment
    ) -> dict[str, pulumi.Output[dict[str, str]]]:
        """Create the ECR repositories, caches and settings; the URLs of the repositories, by registry."""
        urls: dict[str, pulumi.Output[dict[str, str]]] = {}
        for registry in stack.registries.values():
            if isinstance(registry, EcrRegistry) and registry.created:
                from pulumi_gitlab_runner.aws.registries.ecr_repositories import (
                    EcrRepositories,
                    RegistryModel,
                )

                model = RegistryModel(registry, environment, stack.tags)
                options = renamed_child(self, registry.name)
                urls[registry.name] = EcrRepositories.of(f"{name}-{registry.name}", model, options).urls
            elif isinstance(registry, PullThroughRegistry):
                from pulumi_gitlab_runner.aws.registries.pull_through_cache import pull_through_cache

                pull_through_cache(f"{name}-{registry.name}", registry, stack.tags, self)
        for region, settings in stack.ecr_settings.items():
            from pulumi_gitlab_runner.aws.registries.ecr_settings import EcrSettings, SettingsModel

            configured = SettingsModel(
                settings, region, environment, stack.tags, join_path("stack", "ecr_settings", region)
            )
            EcrSettings.of(f"{name}-{region}", configured, renamed_child(self, region))
        return urls

    def _network(self, name: str, stack: Stack, environment: Environment) -> HostNetwork | None:
        """The network of hosts that declare no VPC; None if there are no such hosts."""
        self.nat_addresses = pulumi.Output.from_input([])
        if stack.network:
            from pulumi_gitlab_runner.aws.network.runner_network import NetworkModel, RunnerNetwork

            model = NetworkModel(stack.network, environment, stack.tags, self._logs_key)
            created = RunnerNetwork.of(name, model, self._child)
            self.nat_addresses = created.nat_addresses
            return HostNetwork(created.vpc_id, created.subnet_ids, [given(stack.network.cidr)])
        if any(each.host.vpc is None and not each.host.docker for each in stack.managers.values()) or any(
            each.vpc is None for each in stack.machine_images.values()
        ):
            from pulumi_gitlab_runner.aws.network.host_network import default_network

            return default_network(self)  # looked up once for all hosts
        return None

    def _machine_images(
        self, name: str, prefix: str, stack: Stack, environment: Environment, network: HostNetwork | None
    ) -> "Mapping[str, RunnerImage]":
        """Create the machine images, by name."""
        self.machine_images = pulumi.Output.from_input({})
        if not stack.machine_images:
            return {}
        from pulumi_gitlab_runner.aws.hosts.runner_image import ImageModel, RunnerImage

        images = {
            each: RunnerImage.of(
                f"{name}-{each}",
                ImageModel(
                    image,
                    stack.registries_of(image),
                    label=prefix + each,
                    path=join_path("stack", "machine_images", each),
                    network=network,
                    environment=environment,
                    tags={**stack.tags, **image.tags},
                    logs_key=self._logs_key,
                ),
                self._child,
            )
            for each, image in stack.machine_images.items()
        }
        self.machine_images = pulumi.Output.from_input(
            {
                each: {
                    "id": image.image_id,
                    "parameter": image.parameter_name,
                    "pipeline": image.pipeline_arn,
                }
                for each, image in images.items()
            }
        )
        return images

    def _store(self, name: str, stack: Stack, environment: Environment) -> None:
        """Create the `HostStore` if hosts in EC2 or secrets of `hosted_auth` need it."""
        self._stored = any(each.host.docker is None for each in stack.managers.values()) or any(
            keeps_secrets(each, stack.registries) for each in stack.hosted_auth.values()
        )
        self.bucket = self.key_arn = pulumi.Output.from_input("")
        if self._stored:
            from pulumi_gitlab_runner.aws.hosts.host_store import HostStore, StoreModel

            model = StoreModel(stack.operators, stack.tags, environment)
            store = HostStore.of(name, model, self._child)
            self.bucket, self.key_arn = store.bucket, store.key_arn

    @property
    def _logs_key(self) -> pulumi.Output[str] | None:
        """The ARN of the KMS key of log groups; None for the default encryption of CloudWatch Logs."""
        return self.key_arn if self._stored else None

    def _hosted_auth(self, name: str, prefix: str, stack: Stack, environment: Environment) -> Roles:
        """Create the functions that renew CI variables; each declaration with the ARN of its role."""
        roles: Roles = []
        for each, auth in stack.hosted_auth.items():
            from pulumi_gitlab_runner.aws.jobs.hosted_runner_auth import HostedRunnerAuth, Renewal

            renewal = Renewal(
                auth,
                stack.registries_of(auth),
                stack.gitlab_url,
                prefix + each,
                self.key_arn if self._stored else None,
                environment,
                stack.tags,
                stack.authorities,
                join_path("stack", "hosted_auth", each),
                self._logs_key,
            )
            renewed = HostedRunnerAuth.of(f"{name}-{each}", renewal, renamed_child(self, each))
            roles.append((auth, renewed.role_arn))
        return roles

    def _job_roles(self, name: str, stack: Stack, environment: Environment) -> Roles:
        """Create the roles that jobs assume; each declaration with the ARN of its role."""
        self.job_roles = pulumi.Output.from_input({})
        if not stack.job_roles:
            return []
        from pulumi_gitlab_runner.aws.jobs.job_role import stack_job_roles

        roles = stack_job_roles(name, stack, environment, self)
        self.job_roles = pulumi.Output.from_input(
            {each: {"arn": role.role_arn, "snippet": role.snippet} for each, role in roles.items()}
        )
        return [(stack.job_roles[each], role.role_arn) for each, role in roles.items()]

    def _variables(
        self, name: str, stack: Stack, mirrored: Sequence[pulumi.Output[list[Any]]]
    ) -> pulumi.Output[list[Any]]:
        """Create the CI variables; the output includes those of mirrors and of `hosted_auth`."""
        declared: pulumi.Output[list[Any]] = pulumi.Output.from_input([])
        if stack.variables:
            from pulumi_gitlab_runner.gitlab.ci_variables import CiVariables, Variables

            model = Variables(stack.variables, stack.registries)
            declared = CiVariables.of(name, model, self._child).variables
        renewed = [
            pulumi.Output.all(
                scope=resolved(variable.scope).apply(str),
                key=variable.key,
                masked=True,
                protected=variable.protected,
            )
            for auth in stack.hosted_auth.values()
            for variable in auth.variables
        ]
        return pulumi.Output.all(declared, pulumi.Output.all(*renewed), *mirrored).apply(
            lambda known: [each for part in known for each in part]
        )


def _checked(known: Sequence[Any]) -> Stack:
    """The resolved stack, checked against its AWS environment: the host of every registry is known."""
    stack: Stack = known[0]
    with refused_as_whole():
        check_in(stack, known[1])
    return stack


def _owner_inputs(stack: Stack) -> dict[str, Any]:
    """The inputs that show the owners of other accounts in a preview: `runner-review` lists them."""
    owners = {
        name: {**owner, "account": given(owner["account"])} for name, owner in foreign_owners(stack).items()
    }
    return {"owners": owners} if owners else {}


def _registry_outputs(stack: Stack, environment: AwsEnvironment) -> dict[str, Any]:
    """Each registry by its name: its host, and the addresses of its repositories."""
    addresses = {name: registry.address_in(environment) for name, registry in stack.registries.items()}
    return {
        name: {
            "host": addresses[name],
            "repositories": {each: f"{addresses[name]}/{each}" for each in registry.repositories},
        }
        for name, registry in stack.registries.items()
    }


def _policies_of_owners(
    stack: Stack, environment: AwsEnvironment, users: Sequence[RegistryUser], role_arns: Sequence[str]
) -> dict[str, str]:
    """The policy that the owner must add to each registry of another account, by the registry's name."""
    pulled_by = {
        arn: list(stack.registries_of(user).values()) for user, arn in zip(users, role_arns, strict=True)
    }
    return required_policies(pulled_by, environment)
