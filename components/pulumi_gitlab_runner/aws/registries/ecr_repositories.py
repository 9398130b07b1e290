"""ECR repositories with their lifecycle and repository policies."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.existing import unless_repository
from pulumi_gitlab_runner.aws.registries.repository_settings import (
    lifecycle_policy_of,
    pull_policy,
    repository_inputs,
)
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment, environment_of
from pulumi_gitlab_runner.resolution import given_or_none, refused_as_whole, with_handles
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, parse_tags, tags_problems
from pulumi_gitlab_runner.spec.declared import declared_creations
from pulumi_gitlab_runner.spec.inputs import Input, Value, check, is_known, known, optional, strict, values
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.regions import region_problems
from pulumi_gitlab_runner.spec.registries import (
    EcrRegistry,
    RepositoriesDeclaration,
    Repository,
    repositories_problems,
)
from pulumi_gitlab_runner.spec.registries.declaration import declared_repositories
from pulumi_gitlab_runner.spec.registries.ecr import repository_keys_problems
from pulumi_gitlab_runner.spec.registries.repositories import parse_repositories
from pulumi_gitlab_runner.spec.shape import checked


@strict
class EcrRepositoriesArgs(RepositoriesDeclaration):
    """The repositories of one ECR registry."""

    region: NotRequired[Input[str]]
    """The region of the repositories. Default: the provider's."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region. Default: those of the AWS provider."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the repositories. Default: none."""


@dataclass(frozen=True)
class RegistryModel:
    """An ECR registry of this account, with its tags and AWS environment; None if not looked up yet."""

    registry: EcrRegistry
    environment: Environment | None = None
    tags: AwsTags = field(default_factory=dict)


class EcrRepositories(Component[RegistryModel]):
    """ECR repositories: immutable tags, scan on push, encrypted, old images expire.

    ECR refuses to delete a repository that contains images, unless `delete_images` is true: the update fails
    with ECR's message, and the repository keeps its images and policies.

    Creates for each repository:

    - `aws:ecr/repository:Repository`; with `adopt` it is imported, and nothing else is created for it
    - `aws:ecr/lifecyclePolicy:LifecyclePolicy`
    - `aws:ecr/repositoryPolicy:RepositoryPolicy`, where `allow_pull` names accounts

    Raises `pulumi.RunError` with the path and the fix for a name or number that ECR would refuse.
    """

    urls: pulumi.Output[dict[str, str]]
    """The URL of each repository, by its name: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`."""
    arns: pulumi.Output[dict[str, str]]
    """The ARN of each repository, by its name."""

    def __init__(
        self, name: str, args: EcrRepositoriesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with refused_as_whole():
            read = checked(with_handles(args, name), EcrRepositoriesArgs, name, _problems)
        registry = EcrRegistry(
            name,
            region=optional(read.get("region")),
            allow_pull=values(read.get("allow_pull", ())),
            repositories=parse_repositories(read),
        )
        environment = declared_environment(read.get("environment"), name)
        self._make(name, RegistryModel(registry, environment, parse_tags(read.get("tags", {}))), opts)

    def _make(self, name: str, model: RegistryModel, opts: pulumi.ResourceOptions | None) -> None:
        self.register_component("EcrRepositories", name, declared_creations(model.registry), opts)
        repositories, accounts = model.registry.repositories, model.registry.allow_pull
        region = given_or_none(model.registry.region)
        if accounts:
            policy = pull_policy(accounts, model.environment or environment_of(self))
        created: dict[str, aws.ecr.Repository] = {}
        for each in repositories.values():
            child_name = f"{name}/{each.name}"
            created[each.name] = repository = aws.ecr.Repository(
                child_name,
                name=each.name,
                region=region,
                image_scanning_configuration={"scan_on_push": True},
                force_delete=each.delete_images,
                **repository_inputs(each),
                tags=tag_inputs(model.tags),
                opts=(
                    self._adopting(each, model.registry.region)
                    if each.adopt
                    else pulumi.ResourceOptions(parent=self, hooks=unless_repository(child_name, self))
                ),
            )
            if each.adopt:
                continue
            # The policies are deleted with the repository. Pulumi would otherwise delete them first, and they
            # would be missing if ECR then refuses to delete the repository.
            aws.ecr.LifecyclePolicy(
                child_name,
                repository=repository.name,
                region=region,
                policy=lifecycle_policy_of(each),
                # The official provider replaces a changed lifecycle policy (its `policy` is ForceNew). A
                # repository has only one: deleting the old policy last would delete the new one.
                opts=pulumi.ResourceOptions(parent=self, deleted_with=repository, delete_before_replace=True),
            )
            if accounts:
                aws.ecr.RepositoryPolicy(
                    child_name,
                    repository=repository.name,
                    region=region,
                    policy=policy,
                    opts=pulumi.ResourceOptions(parent=self, deleted_with=repository),
                )
        if adopted := [each.name for each in repositories.values() if each.adopt]:
            pulumi.log.warn(
                f"these repositories are imported unchanged: {', '.join(adopted)}; without 'adopt', the next "
                "update gives them the declared settings and policies",
                self,
            )
        urls: dict[str, Any] = {key: each.repository_url for key, each in created.items()}
        arns: dict[str, Any] = {key: each.arn for key, each in created.items()}
        self.urls, self.arns = pulumi.Output.from_input(urls), pulumi.Output.from_input(arns)
        self.register_declared_outputs()

    def _adopting(self, repository: Repository, region: Value[str] | None) -> pulumi.ResourceOptions:
        """Options that import an existing repository with its present settings.

        Pulumi refuses to import a resource that differs from its inputs, so all inputs are ignored. The
        provider accepts the region as a suffix of the import id:
        pulumi.com/registry/packages/aws/how-to-guides/aws-enhanced-region-support.
        """
        identity = f"{repository.name}@{known(region)}" if region else repository.name
        return pulumi.ResourceOptions(parent=self, import_=identity, ignore_changes=["*"])


def _problems(declaration: EcrRepositoriesArgs, path: str) -> Iterator[Problem]:
    yield from repositories_problems(declaration, path)
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"), of_instances=False)
    if "region" in declaration:
        at = join_path(path, "region")
        yield from check(declaration["region"], region_problems, at)
        yield from check(declaration["region"], repository_keys_problems, declaration, path)
        adopted = [name for name, each in declared_repositories(declaration).items() if each.get("adopt")]
        if adopted and not is_known(declaration["region"]):
            why = "the region is part of an imported repository's id, so it must be a plain value"
            yield Problem(at, "an Output, together with 'adopt'", "a plain value", why)
