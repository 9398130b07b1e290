"""ECR repositories with what keeps them in order."""

from collections.abc import Mapping
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs, environment_of, known_environment
from pulumi_gitlab_runner.aws.repository_settings import lifecycle_policy_of, repository_inputs
from pulumi_gitlab_runner.declared import plain, told_once
from pulumi_gitlab_runner.iam.pull import pull_by_accounts_policy
from pulumi_gitlab_runner.spec.registries import RepositoriesDeclaration, Repository, build_repositories
from pulumi_gitlab_runner.spec.shape import check_keys


class EcrRepositoriesArgs(RepositoriesDeclaration):
    """The repositories of one ECR registry."""

    region: NotRequired[str]
    """The region of the repositories. Default: the provider's."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS they are made. Default: asked of AWS."""


class EcrRepositories(pulumi.ComponentResource):
    """ECR repositories: immutable tags, scan on push, encrypted, old images expire.

    ECR refuses to delete a repository that holds images, where `delete_images` does not allow it: the update
    ends there with ECR's message, and the repository keeps its images and its policies.

    Creates for each repository:

    - `aws:ecr/repository:Repository`; with `adopt` it is imported, and nothing else is made for it
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
                image_scanning_configuration={"scan_on_push": True},
                force_delete=each.delete_images,
                **repository_inputs(each, _kms_key(args, each)),
                opts=self._adopting(each, region) if each.adopt else pulumi.ResourceOptions(parent=self),
            )
            if each.adopt:
                continue
            # The policies go with the repository: taken away before it, as what depends on it is, they would
            # be gone where ECR then refuses to delete it.
            aws.ecr.LifecyclePolicy(
                child_name,
                repository=repository.name,
                region=region,
                policy=lifecycle_policy_of(each),
                # The official provider replaces a changed lifecycle policy (its `policy` is ForceNew). Made
                # before the old one is deleted, it would be deleted with it: a repository has only one.
                opts=pulumi.ResourceOptions(parent=self, deleted_with=repository, delete_before_replace=True),
            )
            if accounts:
                aws.ecr.RepositoryPolicy(
                    child_name,
                    repository=repository.name,
                    region=region,
                    policy=pull_policy,
                    opts=pulumi.ResourceOptions(parent=self, deleted_with=repository),
                )
        if adopted := [each.name for each in repositories.values() if each.adopt]:
            pulumi.log.warn(
                f"these repositories are taken over as they are: {', '.join(adopted)}; without 'adopt', the "
                "next update gives them the declared settings and policies",
                self,
            )
        urls: dict[str, Any] = {key: each.repository_url for key, each in created.items()}
        arns: dict[str, Any] = {key: each.arn for key, each in created.items()}
        self.urls, self.arns = pulumi.Output.from_input(urls), pulumi.Output.from_input(arns)
        self.register_outputs({"urls": self.urls, "arns": self.arns})

    def _adopting(self, repository: Repository, region: str | None) -> pulumi.ResourceOptions:
        """Options that take over a repository which exists, with whatever settings it has.

        Pulumi imports nothing that differs from its inputs, so none of them counts. The provider takes the
        region behind the name: pulumi.com/registry/packages/aws/how-to-guides/aws-enhanced-region-support.
        """
        known = f"{repository.name}@{region}" if region else repository.name
        return pulumi.ResourceOptions(parent=self, import_=known, ignore_changes=["*"])


def _kms_key(args: EcrRepositoriesArgs, repository: Repository) -> Any:
    """The repository's key as it is given, which may be an Output."""
    declared = args.get("repositories", {})
    return declared[repository.name].get("kms_key") if isinstance(declared, Mapping) else None
