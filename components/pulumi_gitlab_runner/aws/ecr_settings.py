"""Settings of a whole ECR registry, of which there is one in an account and region."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs, environment_of, known_environment
from pulumi_gitlab_runner.aws.repository_settings import lifecycle_policy_of, repository_inputs
from pulumi_gitlab_runner.declared import plain, told_once
from pulumi_gitlab_runner.iam.ecr_settings import creation_role_policy, registry_policy
from pulumi_gitlab_runner.iam.policy import trust_policy
from pulumi_gitlab_runner.iam.pull import pull_by_accounts_policy
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.ecr_settings import (
    CreationTemplate,
    EcrSettingsDeclaration,
    Replica,
    Scanning,
    build_ecr_settings,
)
from pulumi_gitlab_runner.spec.shape import check_keys


class EcrSettingsArgs(EcrSettingsDeclaration):
    """Settings of this account's ECR registry in one region."""

    region: NotRequired[str]
    """The registry's region. Default: the provider's."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS the stack lives. Default: asked of AWS."""


class EcrSettings(pulumi.ComponentResource):
    """Replication, scanning and creation templates of this account's ECR registry in one region.

    ECR has one of each in an account and region, and whoever writes it last wins: let one stack have them.

    Creates, for what is declared:

    - `aws:ecr/replicationConfiguration:ReplicationConfiguration`
    - `aws:ecr/registryPolicy:RegistryPolicy`, for `replicate_from`
    - `aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration`, for `scanning`
    - `aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate` for each prefix
    - `aws:iam/role:Role` and `aws:iam/rolePolicy:RolePolicy`, where a template has tags or a key

    Raises `pulumi.RunError` with the place and the mend for what ECR would refuse.
    """

    def __init__(self, name: str, args: EcrSettingsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        region = args.get("region")
        with told_once():
            check_keys(args, EcrSettingsArgs, name)
            declared = {
                key: value for key, value in args.items() if key in EcrSettingsDeclaration.__annotations__
            }
            settings = build_ecr_settings(plain(declared), region, name)
        super().__init__("gitlab-runner:index:EcrSettings", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        environment = known_environment(args.get("environment") or environment_of(self)).apply(
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
                opts=child,
            )
        if settings.replicate_from:
            aws.ecr.RegistryPolicy(
                name,
                region=region,
                policy=environment.apply(lambda known: registry_policy(settings.replicate_from, known)),
                opts=child,
            )
        if settings.scanning:
            aws.ecr.RegistryScanningConfiguration(
                name,
                region=region,
                scan_type="ENHANCED" if settings.scanning.enhanced else "BASIC",
                rules=_scanning_rules(settings.scanning),
                opts=child,
            )
        if settings.creation_templates:
            self._creation_templates(list(settings.creation_templates.values()), args, environment)
        self.register_outputs({})

    def _creation_templates(
        self,
        templates: Sequence[CreationTemplate],
        args: EcrSettingsArgs,
        environment: pulumi.Output[AwsEnvironment],
    ) -> None:
        child = pulumi.ResourceOptions(parent=self)
        # As they are given: a key may be an Output.
        keys = {prefix: each.get("kms_key") for prefix, each in args["creation_templates"].items()}
        role_arn = None
        if with_role := [each.prefix for each in templates if each.needs_role]:
            role = aws.iam.Role(
                f"{self._name}-creation-templates",
                assume_role_policy=trust_policy("ecr.amazonaws.com"),
                opts=child,
            )
            role_keys = pulumi.Output.all(*(keys[prefix] for prefix in with_role if keys[prefix]))
            role_policy = aws.iam.RolePolicy(
                f"{self._name}-creation-templates",
                role=role.name,
                policy=pulumi.Output.all(role_keys, environment).apply(
                    lambda known: creation_role_policy(with_role, *known)
                ),
                opts=child,
            )
            # By way of the policy, so that ECR creates nothing before the role may.
            role_arn = pulumi.Output.all(role.arn, role_policy.id).apply(lambda known: str(known[0]))
        for each in templates:
            aws.ecr.RepositoryCreationTemplate(
                f"{self._name}/{each.prefix}",
                prefix=each.prefix,
                region=args.get("region"),
                applied_fors=["PULL_THROUGH_CACHE", "REPLICATION"],
                description="By pulumi-gitlab-runner",
                **repository_inputs(each, keys[each.prefix]),
                lifecycle_policy=lifecycle_policy_of(each),
                repository_policy=self._pull_policy(each.allow_pull, environment),
                resource_tags=each.tags or None,
                custom_role_arn=role_arn if each.needs_role else None,
                opts=child,
            )

    def _pull_policy(
        self, accounts: Sequence[str], environment: pulumi.Output[AwsEnvironment]
    ) -> pulumi.Output[str] | None:
        if not accounts:
            return None
        return environment.apply(lambda known: pull_by_accounts_policy(accounts, known.partition))


def _replication_rules(replicas: Sequence[Replica], own_account: pulumi.Output[str]) -> list[Any]:
    """One rule for all destinations of the same repositories: there are fewer rules than destinations."""
    rules: dict[tuple[str, ...], dict[str, Any]] = {}
    for each in replicas:
        rule = rules.setdefault(each.prefixes, {"destinations": []})
        rule["destinations"].append({"region": each.region, "registry_id": each.account or own_account})
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
