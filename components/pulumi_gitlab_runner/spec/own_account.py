"""Values that AWS accepts only in the stack's own account or region, checked when both are known."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.ecr_settings import EcrSettings
from pulumi_gitlab_runner.spec.hosted_auth import HostedAuth
from pulumi_gitlab_runner.spec.inputs import Value, check
from pulumi_gitlab_runner.spec.job_roles import JobRole
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.regions import region_of
from pulumi_gitlab_runner.spec.registries.ecr import EcrRegistry

if TYPE_CHECKING:
    from pulumi_gitlab_runner.spec.stack import Stack

_AWS_MANAGED = "aws"
"""The account in the ARNs of policies that AWS manages."""


def own_account_problems(stack: "Stack", environment: AwsEnvironment, path: str) -> Iterator[Problem]:
    """The problems of ARNs of another account or region than the stack's, and of replication to itself.

    Args:
        stack: the stack, resolved.
        environment: the AWS account and region of the stack.
        path: the path of the stack.
    """
    for name, registry in stack.registries.items():
        if isinstance(registry, EcrRegistry) and registry.created and registry.region is None:
            for repository, settings in registry.repositories.items():
                at = join_path(path, "registries", name, "repositories", repository)
                yield from _key_problems(settings.kms_key, "the repository", environment, at)
    for manager in stack.managers.values():
        yield from _host_problems(manager, environment, path)
    if stack.cache and any(manager.host.docker is None for manager in stack.managers.values()):
        yield from _key_problems(stack.cache.kms_key, "the bucket", environment, join_path(path, "cache"))
    if stack.network and stack.network.flow_logs:
        at = join_path(path, "network", "flow_logs")
        yield from _key_problems(stack.network.flow_logs.logs.kms_key, "the log group", environment, at)
    for name, image in stack.machine_images.items():
        at = join_path(path, "machine_images", name)
        yield from _boundary_problems(image.permissions_boundary, environment, at)
    for name, auth in stack.hosted_auth.items():
        yield from hosted_auth_account_problems(auth, environment, join_path(path, "hosted_auth", name))
    for name, role in stack.job_roles.items():
        yield from job_role_account_problems(role, environment, join_path(path, "job_roles", name))
    for region, settings_of_registry in stack.ecr_settings.items():
        at = join_path(path, "ecr_settings", region)
        yield from _replication_problems(settings_of_registry, region, environment, at)


def _host_problems(manager: Manager, environment: AwsEnvironment, path: str) -> Iterator[Problem]:
    host, at = manager.host, join_path(path, "runners", manager.name)
    at = join_path(at, "fleet", "manager") if manager.fleet else join_path(at, "host")
    yield from _topic_problems(host.alarm_topic, environment, at)
    if host.logs:
        yield from _key_problems(host.logs.kms_key, "the log group", environment, join_path(at, "logs"))
    yield from _boundary_problems(host.permissions_boundary, environment, at)
    for index, policy in enumerate(host.policies):
        yield from check(policy, _policy_problems, environment, join_path(at, "policies", index))


def job_role_account_problems(role: JobRole, environment: AwsEnvironment, at: str) -> Iterator[Problem]:
    """The problems of a job role, whose path is `at`."""
    yield from _boundary_problems(role.permissions_boundary, environment, at)
    if role.identity_provider is not None:
        provider_at = join_path(at, "identity_provider")
        yield from check(role.identity_provider, _provider_problems, environment, provider_at)


def hosted_auth_account_problems(auth: HostedAuth, environment: AwsEnvironment, at: str) -> Iterator[Problem]:
    """The problems of a renewed CI variable, whose path is `at`."""
    yield from _topic_problems(auth.alarm_topic, environment, at)
    yield from _key_problems(auth.logs.kms_key, "the log group", environment, join_path(at, "logs"))
    yield from _boundary_problems(auth.permissions_boundary, environment, at)


def _topic_problems(topic: Value[str] | None, environment: AwsEnvironment, at: str) -> Iterator[Problem]:
    """CloudWatch: "Invalid region … specified. Only … is supported."; the topic's account may be another."""
    if topic is not None:
        topic_at = join_path(at, "alarms", "topic")
        yield from check(topic, _region_problems, "a topic", "the alarm", environment, topic_at)


def _key_problems(key: Value[str] | None, of: str, environment: AwsEnvironment, at: str) -> Iterator[Problem]:
    """ECR, S3 and CloudWatch Logs use only keys of their region; the key's account may be another."""
    if key is not None:
        yield from check(key, _region_problems, "a key", of, environment, join_path(at, "kms_key"))


def _region_problems(
    arn: str, what: str, of: str, environment: AwsEnvironment, path: str
) -> Iterator[Problem]:
    if (region := region_of(arn)) != environment.region:
        allowed = f"{what} in {environment.region}, the region of {of}"
        yield Problem(path, f"{what} in {region}", allowed)


def _boundary_problems(
    boundary: Value[str] | None, environment: AwsEnvironment, at: str
) -> Iterator[Problem]:
    if boundary is not None:
        boundary_at = join_path(at, "permissions_boundary")
        yield from check(boundary, _policy_problems, environment, boundary_at)


def _policy_problems(arn: str, environment: AwsEnvironment, path: str) -> Iterator[Problem]:
    """IAM: a role has managed policies of its own account, or those of AWS in its partition."""
    partition, account = arn.split(":")[1], arn.split(":")[4]
    if partition != environment.partition:
        yield Problem(path, f"a policy of the partition {partition}", f"a policy of {environment.partition}")
    elif account not in (environment.account, _AWS_MANAGED):
        allowed = f"a policy of {environment.account}, the account of the role, or of AWS"
        yield Problem(path, f"a policy of the account {account}", allowed)


def _provider_problems(arn: str, environment: AwsEnvironment, path: str) -> Iterator[Problem]:
    """IAM: a role trusts only the identity providers of its own account."""
    if (account := arn.split(":")[4]) != environment.account:
        allowed = f"a provider of {environment.account}, the account of the role"
        yield Problem(path, f"a provider of the account {account}", allowed)


def _replication_problems(
    settings: EcrSettings, region: str, environment: AwsEnvironment, at: str
) -> Iterator[Problem]:
    """The rule for a declared account; `replicate_to_problems` has it for none."""
    for index, replica in enumerate(settings.replicate_to):
        if replica.account is not None and replica.region == region:
            to_at = join_path(at, "replicate_to", index)
            yield from check(replica.account, _itself_problems, environment, to_at)


def _itself_problems(account: str, environment: AwsEnvironment, path: str) -> Iterator[Problem]:
    if account == environment.account:
        yield Problem(path, "the registry itself", "another region or another account")
