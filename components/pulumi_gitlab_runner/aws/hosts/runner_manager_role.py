"""The role of a runner manager."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.aws.arns import iam_arn
from pulumi_gitlab_runner.aws.key_policy import key_policy, key_rights
from pulumi_gitlab_runner.aws.managed_policies import managed_policies
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import Component, as_given
from pulumi_gitlab_runner.iam.cache import cache_statements
from pulumi_gitlab_runner.iam.fleet import fleet_statements
from pulumi_gitlab_runner.iam.host import (
    group_statement,
    lifecycle_statement,
    report_statements,
    session_statements,
)
from pulumi_gitlab_runner.iam.manager import HOST, ec2_trust_policy, manager_policy
from pulumi_gitlab_runner.iam.policy import Statement, policy_document
from pulumi_gitlab_runner.iam.quotas import INLINE_POLICIES
from pulumi_gitlab_runner.iam.registries import required_policies
from pulumi_gitlab_runner.iam.repository_policies import Part, division
from pulumi_gitlab_runner.iam.stored_secret import parameter_key_statement, some_key_arn
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment, environment_of
from pulumi_gitlab_runner.resolution import given, given_or_none, refused_as_whole, resolved, with_handles
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG, AwsTags, parse_tags, tags_problems
from pulumi_gitlab_runner.spec.declared import declared_role
from pulumi_gitlab_runner.spec.inputs import (
    Input,
    Value,
    check_key,
    known,
    optional,
    strict,
    value,
    values,
)
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries import Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.roles import policy_problems
from pulumi_gitlab_runner.spec.shape import checked
from pulumi_gitlab_runner.spec.stack import parse_registries, registries_problems


@strict
class FleetAccessArgs(TypedDict):
    """The access of a manager to its fleet."""

    group: Input[str]
    """The name of its Auto Scaling group."""
    user: str
    """The user on its instances that the manager connects as, such as `ec2-user`."""


@strict
class CacheAccessArgs(TypedDict):
    """The access of a manager to the cache of its runners."""

    bucket: Input[str]
    """The bucket's name; see `RunnerCache`."""
    prefixes: list[str]
    """The prefixes of its runners' objects."""
    kms_key: NotRequired[Input[str]]
    """The ARN of the KMS key that encrypts the bucket. Default: the key of Amazon S3."""


@strict
class HostAccessArgs(TypedDict):
    """The access of a manager's host."""

    tag: Input[str]
    """The value of the tag `gitlab-runner-host` of its Auto Scaling group."""
    session_manager: NotRequired[bool]
    """Whether Session Manager can open a shell on the host. Default false."""
    log_group_arn: NotRequired[Input[str]]
    """The ARN of the log group of the host's journal. Default: none."""
    reports_health: NotRequired[bool]
    """Whether the host reports its health to CloudWatch. Default false."""


@strict
class RunnerManagerRoleArgs(TypedDict):
    """The registries and secrets of a runner manager."""

    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The registries that it pulls from, by name: the role may pull from exactly their repositories."""
    parameter_arns: NotRequired[list[Input[str]]]
    """The ARNs of the SecureString parameters that its host reads; a `*` at the end matches any text."""
    key_arn: NotRequired[Input[str]]
    """The ARN of the customer managed key that encrypts these parameters. Required with them."""
    files_arn: NotRequired[Input[str]]
    """The ARN of the S3 object with its host's files."""
    host: NotRequired[HostAccessArgs]
    """The access of the host itself: lifecycle hooks, shells, logs and health."""
    fleet: NotRequired[FleetAccessArgs]
    """The fleet whose instances it starts, terminates and connects to."""
    cache: NotRequired[CacheAccessArgs]
    """The cache that it reads and writes, only below the prefixes of its runners."""
    permissions_boundary: NotRequired[Input[str]]
    """The ARN of the role's permissions boundary. Default: none."""
    path: NotRequired[Input[str]]
    """The IAM path of the role and the instance profile. Default `/`."""
    policies: NotRequired[list[Input[str]]]
    """The ARNs of additional managed policies for the role. Default: none."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the role and the instance profile. Default: none."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region. Default: those of the AWS provider."""


@dataclass(frozen=True)
class FleetAccess:
    """The fleet of a manager: the name of its Auto Scaling group, and the user on its instances."""

    group: Value[str]
    user: str


@dataclass(frozen=True)
class CacheAccess:
    """The cache of a manager's runners: its bucket, the prefixes of their objects, and its KMS key."""

    bucket: Value[str]
    prefixes: tuple[str, ...]
    kms_key: Value[str] | None = None


@dataclass(frozen=True)
class HostAccess:
    """The access of the host itself: see `HostAccessArgs`."""

    tag: Value[str]
    session_manager: bool = False
    log_group_arn: Value[str] | None = None
    reports_health: bool = False


@dataclass(frozen=True)
class ManagerAccess:
    """The permissions of a manager's role; the values are those of `RunnerManagerRoleArgs`.

    Attributes:
        registries: the registries that it pulls from, by name.
    """

    registries: Mapping[str, Registry] = field(default_factory=dict)
    parameter_arns: tuple[Value[str], ...] = ()
    files_arn: Value[str] | None = None
    host: HostAccess | None = None
    fleet: FleetAccess | None = None
    cache: CacheAccess | None = None

    def policy(
        self, environment: AwsEnvironment, part: Part | None, declared_at: str, *, decrypts: bool
    ) -> str:
        """The role's inline policy, once all values are resolved.

        Args:
            environment: the AWS environment of the manager.
            part: the repositories in the policy; None for all.
            declared_at: the path in the declaration of the entry that the role belongs to.
            decrypts: whether the role also has a policy for the key of its parameters.

        Raises:
            DeclarationError: the policy is larger than IAM allows.
        """
        parameter_arns = [known(each) for each in self.parameter_arns]
        document = manager_policy(
            list(self.registries.values()),
            environment,
            parameter_arns=parameter_arns,
            files_arn=None if self.files_arn is None else known(self.files_arn),
            further=self._further(environment),
            part=part,
        )
        fix = "fewer secrets of your own with separate KMS keys, or more hosts: each host has its own role"
        other_policy = ""
        if decrypts:
            statement = parameter_key_statement(HOST, parameter_arns, some_key_arn(environment))
            other_policy = policy_document([statement])
        return INLINE_POLICIES.checked(document, declared_at, fix, other_policy)

    def _further(self, environment: AwsEnvironment) -> Iterator[Statement]:
        if self.host:
            yield lifecycle_statement(known(self.host.tag), environment)
            yield group_statement(environment)
            if self.host.session_manager:
                yield from session_statements(environment)
            logs = self.host.log_group_arn
            yield from report_statements(
                None if logs is None else known(logs), health=self.host.reports_health
            )
        if self.fleet:
            yield from fleet_statements(known(self.fleet.group), self.fleet.user, environment)
        if self.cache:
            key = None if self.cache.kms_key is None else known(self.cache.kms_key)
            yield from cache_statements(known(self.cache.bucket), self.cache.prefixes, key, environment)


@dataclass(frozen=True)
class ManagerRole:
    """A manager's role, with the defaults filled in.

    Attributes:
        key_arn: the ARN of the key that encrypts the parameters; None without parameters.
        environment: the AWS account and region; None if not looked up yet.
        declared_at: the path in the declaration of the entry that the role belongs to.
    """

    access: ManagerAccess
    declared_at: str
    key_arn: Value[str] | None = None
    permissions_boundary: Value[str] | None = None
    path: Value[str] | None = None
    policies: Sequence[Value[str]] = ()
    tags: AwsTags = field(default_factory=dict)
    environment: Environment | None = None


class RunnerManagerRole(Component[ManagerRole]):
    """The role of a runner manager on EC2, with exactly the permissions that its declaration needs.

    Creates:

    - `aws:iam/role:Role`
    - `aws:iam/rolePolicy:RolePolicy`, and a second one for the key of its parameters
    - `aws:iam/instanceProfile:InstanceProfile`
    - `aws:iam/rolePolicyAttachment:RolePolicyAttachment` for each of `policies`
    - `aws:iam/policy:Policy`, each with a `RolePolicyAttachment`, for repositories beyond the first hundred

    Raises `pulumi.RunError` for a wrong declaration of a registry, and for policies that exceed IAM's quotas.
    """

    role_arn: pulumi.Output[str]
    """The role's ARN."""
    role_name: pulumi.Output[str]
    """The role's name, for `aws.iam.RolePolicyAttachment`."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must add to each
    repository, so that the role can pull and Pulumi can read digests; it stays valid when a role is replaced.
    Under `NAME/registry`: the registry permissions policy, where the registry has `caches`."""
    profile_arn: pulumi.Output[str]
    """The instance profile's ARN."""
    profile_name: pulumi.Output[str]
    """The instance profile's name, for `aws.ec2.Instance`."""

    def __init__(
        self, name: str, args: RunnerManagerRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with refused_as_whole():
            read = checked(with_handles(args, name), RunnerManagerRoleArgs, name, _problems)
        self._make(name, _role(read, name), opts)

    def _make(self, name: str, model: ManagerRole, opts: pulumi.ResourceOptions | None) -> None:
        parameter_arns = model.access.parameter_arns
        key_arn = model.key_arn if parameter_arns else None
        rights = {}
        if key_arn is not None:
            rights = key_rights(name, HOST, as_given(parameter_arns), as_given(key_arn))
        shown = declared_role(model.access.registries, model.policies, model.permissions_boundary)
        self.register_component("RunnerManagerRole", name, shown, opts, **rights)
        environment = model.environment or environment_of(self)
        declared_at = model.declared_at
        with refused_as_whole():
            divided = division(
                model.access.registries.values(), further=len(model.policies), path=declared_at
            )
        access = pulumi.Output.all(resolved(model.access), environment)
        tags, host = tag_inputs(model.tags), model.access.host
        role = aws.iam.Role(
            name,
            path=given_or_none(model.path),
            assume_role_policy=ec2_trust_policy(),
            permissions_boundary=given_or_none(model.permissions_boundary),
            # Systems Manager's Quick Setup and others attach policies to the roles of instances.
            force_detach_policies=True,
            # The policies of a host store identify hosts by this tag.
            tags=tag_inputs(model.tags, **({HOST_TAG: given(host.tag)} if host else {})),
            opts=self._child,
        )
        attached = managed_policies(
            name,
            divided,
            access.apply(lambda known: (list(known[0].registries.values()), known[1])),
            role=role.name,
            role_path=given_or_none(model.path),
            tags=model.tags,
            declared_at=declared_at,
            parent=self,
        )

        def inline_policy(known: list[Any]) -> str:
            with refused_as_whole():
                policy: str = known[0].policy(
                    known[1], divided.inline, declared_at, decrypts=key_arn is not None
                )
                return policy

        others: list[pulumi.Resource] = [*attached]
        if key_arn is not None:
            decrypted = resolved(parameter_arns).apply(lambda found: [known(each) for each in found])
            others.append(key_policy(name, HOST, decrypted, given(key_arn), role.name, self))
        role_policy = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=access.apply(inline_policy),
            # After the others, so that a permission that moves into one of them never lapses.
            opts=pulumi.ResourceOptions(parent=self, depends_on=others),
        )
        for number, policy in enumerate(model.policies, 1):
            aws.iam.RolePolicyAttachment(
                f"{name}-{number}", role=role.name, policy_arn=given(policy), opts=self._child
            )
        # Derived from the policy, so that no host starts before its role has its permissions.
        profile = aws.iam.InstanceProfile(
            name, path=given_or_none(model.path), role=role_policy.role, tags=tags, opts=self._child
        )
        self.role_arn = role.arn
        self.role_name = role.name
        self.profile_arn = iam_arn("instance-profile", profile.name, given_or_none(model.path), environment)
        self.profile_name = profile.name
        self.required_policies = pulumi.Output.all(role.arn, access).apply(
            lambda known: required_policies({known[0]: list(known[1][0].registries.values())}, known[1][1])
        )
        self.register_declared_outputs()


def _role(read: RunnerManagerRoleArgs, name: str) -> ManagerRole:
    """The role of valid arguments."""
    host, fleet, cache = read.get("host"), read.get("fleet"), read.get("cache")
    access = ManagerAccess(
        registries=parse_registries(read.get("registries", {})),
        parameter_arns=values(read.get("parameter_arns", ())),
        files_arn=optional(read.get("files_arn")),
        host=host
        and HostAccess(
            value(host["tag"]),
            host.get("session_manager", False),
            optional(host.get("log_group_arn")),
            host.get("reports_health", False),
        ),
        fleet=fleet and FleetAccess(value(fleet["group"]), fleet["user"]),
        cache=cache
        and CacheAccess(value(cache["bucket"]), tuple(cache["prefixes"]), optional(cache.get("kms_key"))),
    )
    return ManagerRole(
        access,
        name,
        optional(read.get("key_arn")),
        optional(read.get("permissions_boundary")),
        optional(read.get("path")),
        values(read.get("policies", ())),
        parse_tags(read.get("tags", {})),
        declared_environment(read.get("environment"), name),
    )


def _problems(declaration: RunnerManagerRoleArgs, path: str) -> Iterator[Problem]:
    if declaration.get("parameter_arns") and "key_arn" not in declaration:
        yield Problem(join_path(path, "parameter_arns"), "parameters", "these together with 'key_arn'")
    yield from registries_problems(declaration.get("registries", {}), path)
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"), of_instances=False)
    yield from check_key(declaration, "policies", path, policy_problems)
