"""ECR repositories with what keeps them in order."""

from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs, environment_of, known_environment
from pulumi_gitlab_runner.declared import plain, told_once
from pulumi_gitlab_runner.iam.pull import pull_by_accounts_policy
from pulumi_gitlab_runner.images.retention import lifecycle_policy
from pulumi_gitlab_runner.spec.registries import RepositoriesDeclaration, build_repositories
from pulumi_gitlab_runner.spec.shape import check_keys


class EcrRepositoriesArgs(RepositoriesDeclaration):
    """The repositories of one ECR registry."""

    region: NotRequired[str]
    """The region of the repositories. Default: the provider's."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS they are made. Default: asked of AWS."""


class EcrRepositories(pulumi.ComponentResource):
    """ECR repositories: immutable tags, scan on push, encrypted, old images expire.

    Creates for each repository:

    - `aws:ecr/repository:Repository`
    - `aws:ecr/lifecyclePolicy:LifecyclePolicy`
    - `aws:ecr/repositoryPolicy:RepositoryPolicy`, where `allow_pull` names accounts

    Raises `pulumi.RunError` with the place and the mend for a name or number that ECR would refuse.
    """

    urls: pulumi.Output[dict[str, str]]
    """The URL of each repository, by its name: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`."""
    arns: pulumi.Output[dict[str, str]]
    """The ARN of each repository, by its name."""

    def __init__(
        self, name: str, args: EcrRepositoriesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with told_once():
            check_keys(args, EcrRepositoriesArgs, name)
            repositories = build_repositories(plain(args), name)
        super().__init__("gitlab-runner:index:EcrRepositories", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        # The official provider replaces a changed lifecycle policy (its `policy` is ForceNew). Made before
        # the old one is deleted, it would be deleted with it: a repository has only one.
        lifecycle = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        region = args.get("region")
        accounts = args.get("allow_pull", [])
        if accounts:
            environment = known_environment(args.get("environment") or environment_of(self))
            pull_policy = environment.apply(lambda known: pull_by_accounts_policy(accounts, known.partition))
        created: dict[str, aws.ecr.Repository] = {}
        for each in repositories.values():
            child_name = f"{name}/{each.name}"
            created[each.name] = repository = aws.ecr.Repository(
                child_name,
                name=each.name,
                region=region,
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration={"scan_on_push": True},
                encryption_configurations=[{"encryption_type": "AES256"}],
                force_delete=each.delete_images,
                opts=child,
            )
            aws.ecr.LifecyclePolicy(
                child_name,
                repository=repository.name,
                region=region,
                policy=lifecycle_policy(keep_images=each.keep_images, untagged_days=each.untagged_days),
                opts=lifecycle,
            )
            if accounts:
                aws.ecr.RepositoryPolicy(
                    child_name, repository=repository.name, region=region, policy=pull_policy, opts=child
                )
        urls: dict[str, Any] = {key: each.repository_url for key, each in created.items()}
        arns: dict[str, Any] = {key: each.arn for key, each in created.items()}
        self.urls, self.arns = pulumi.Output.from_input(urls), pulumi.Output.from_input(arns)
        self.register_outputs({"urls": self.urls, "arns": self.arns})
