"""The settings of a private ECR registry, of which each account has one in each region."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.arns import iam_arn
from pulumi_gitlab_runner.aws.registries.repository_settings import (
    lifecycle_policy_of,
    pull_policy,
    repository_inputs,
)
from pulumi_gitlab_runner.aws.tags import plain_tags, tag_inputs
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.iam.ecr_settings import creation_role_policy, registry_policy
from pulumi_gitlab_runner.iam.policy import trust_policy
from pulumi_gitlab_runner.iam.quotas import REGISTRY_POLICY
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment, environment_of
from pulumi_gitlab_runner.resolution import given, refused_as_whole, resolved, with_handles
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.declared import declared
from pulumi_gitlab_runner.spec.ecr_settings import (
    CreationTemplate,
    EcrSettingsDeclaration,
    Replica,
    ReplicaSource,
    Scanning,
    ecr_settings_problems,
    parse_ecr_settings,
)
from pulumi_gitlab_runner.spec.ecr_settings import EcrSettings as Settings
from pulumi_gitlab_runner.spec.inputs import strict
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.regions import region_problems
from pulumi_gitlab_runner.spec.shape import checked


@strict
class EcrSettingsArgs(EcrSettingsDeclaration):
    """Settings of this account's ECR registry in one region."""

    region: NotRequired[str]
    """The registry's region. Default: the provider's."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region. Default: those of the AWS provider."""


@dataclass(frozen=True)
class SettingsModel:
    """The settings of a registry, its region, and its AWS environment; None if not looked up yet.

    `path` is the path of the settings in the declaration; empty for the name of the component.
    """

    settings: Settings
    region: str | None = None
    environment: Environment | None = None
    tags: AwsTags = field(default_factory=dict)
    path: str = ""


class EcrSettings(Component[SettingsModel]):
    """Replication, scanning and creation templates of this account's ECR registry in one region.

    Each account has one configuration of each kind in a region, and the last write wins: declare them in one
    stack.

    Creates, for what is declared:

    - `aws:ecr/replicationConfiguration:ReplicationConfiguration`
    - `aws:ecr/registryPolicy:RegistryPolicy`, for `replicate_from`
    - `aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration`, for `scanning`
    - `aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate` for each prefix
    - `aws:iam/role:Role` and `aws:iam/rolePolicy:RolePolicy`, where a template has tags or a key

    Raises `pulumi.RunError` with the path and the fix for what ECR would refuse.
    """

    def __init__(self, name: str, args: EcrSettingsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            read = checked(with_handles(args, name), EcrSettingsArgs, name, _problems)
        environment = declared_environment(read.get("environment"), name)
        self._make(name, SettingsModel(parse_ecr_settings(read), read.get("region"), environment), opts)

    def _make(self, name: str, model: SettingsModel, opts: pulumi.ResourceOptions | None) -> None:
        settings, region, self._tags = model.settings, model.region, model.tags
        self.register_component("EcrSettings", name, declared(model.settings), opts)
        environment = (model.environment or environment_of(self)).apply(
            lambda known: AwsEnvironment(known.account, region or known.region, known.partition)
        )
        if settings.replicate_to:
            aws.ecr.ReplicationConfiguration(
                name,
                region=region,
                replication_configuration={
                    "rules": _replication_rules(
                        settings.replicate_to, environment.apply(lambda known: known.account)
                    )
                },
                opts=self._child,
            )
        if settings.replicate_from:
            aws.ecr.RegistryPolicy(
                name,
                region=region,
                policy=pulumi.Output.all(resolved(settings.replicate_from), environment).apply(
                    lambda known: _checked_policy(known[0], known[1], model.path or name)
                ),
                opts=self._child,
            )
        if settings.scanning:
            aws.ecr.RegistryScanningConfiguration(
                name,
                region=region,
                scan_type="ENHANCED" if settings.scanning.enhanced else "BASIC",
                rules=_scanning_rules(settings.scanning),
                opts=self._child,
            )
        if settings.creation_templates:
            self._creation_templates(list(settings.creation_templates.values()), region, environment)
        self.register_declared_outputs()

    def _creation_templates(
        self,
        templates: Sequence[CreationTemplate],
        region: str | None,
        environment: Environment,
    ) -> None:
        role_arn = None
        if with_role := [each.prefix for each in templates if each.needs_role]:
            role = aws.iam.Role(
                f"{self._name}-creation-templates",
                assume_role_policy=trust_policy("ecr.amazonaws.com"),
                force_detach_policies=True,
                tags=tag_inputs(self._tags),
                opts=self._child,
            )
            role_keys = resolved([each.kms_key for each in templates if each.kms_key is not None])
            role_policy = aws.iam.RolePolicy(
                f"{self._name}-creation-templates",
                role=role.name,
                policy=pulumi.Output.all(role_keys, environment).apply(
                    lambda known: creation_role_policy(with_role, *known)
                ),
                opts=self._child,
            )
            # Derived from the policy, so that the role has its permissions before ECR uses it.
            role_arn = iam_arn("role", role_policy.role, None, environment)
        for each in templates:
            aws.ecr.RepositoryCreationTemplate(
                f"{self._name}/{each.prefix}",
                prefix=each.prefix,
                region=region,
                applied_fors=["PULL_THROUGH_CACHE", "REPLICATION"],
                description="By pulumi-gitlab-runner",
                **repository_inputs(each),
                lifecycle_policy=lifecycle_policy_of(each),
                repository_policy=pull_policy(each.allow_pull, environment) if each.allow_pull else None,
                resource_tags=plain_tags(each.tags) or None,
                custom_role_arn=role_arn if each.needs_role else None,
                opts=self._child,
            )


def _problems(declaration: EcrSettingsArgs, path: str) -> Iterator[Problem]:
    region = declaration.get("region")
    settings: Any = {key: each for key, each in declaration.items() if key not in ("region", "environment")}
    if region is not None:
        yield from region_problems(region, join_path(path, "region"))
    yield from ecr_settings_problems(settings, region, path)


def _checked_policy(sources: Sequence[ReplicaSource], environment: AwsEnvironment, path: str) -> str:
    """The policy of the registry, after the check of its size."""
    at, fix = join_path(path, "replicate_from"), "declare fewer accounts, or the same prefixes for several"
    with refused_as_whole():
        return REGISTRY_POLICY.checked(registry_policy(sources, environment), at, fix)


def _replication_rules(replicas: Sequence[Replica], own_account: pulumi.Output[str]) -> list[Any]:
    """One rule for all destinations of the same repositories: ECR allows fewer rules than destinations."""
    rules: dict[tuple[str, ...], dict[str, Any]] = {}
    for each in replicas:
        rule = rules.setdefault(each.prefixes, {"destinations": []})
        account = own_account if each.account is None else given(each.account)
        rule["destinations"].append({"region": each.region, "registry_id": account})
        if each.prefixes:
            rule["repository_filters"] = [
                {"filter": prefix, "filter_type": "PREFIX_MATCH"} for prefix in each.prefixes
            ]
    return list(rules.values())


def _scanning_rules(scanning: Scanning) -> list[Any]:
    return [
        {
            "scan_frequency": frequency,
            "repository_filters": [{"filter": each, "filter_type": "WILDCARD"} for each in filters],
        }
        for frequency, filters in (
            ("SCAN_ON_PUSH", scanning.on_push),
            ("CONTINUOUS_SCAN", scanning.continuous),
        )
        if filters
    ]
