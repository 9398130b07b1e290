"""The role of a runner manager."""

from typing import NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs, environment_of, known_environment
from pulumi_gitlab_runner.declared import plain, told_once
from pulumi_gitlab_runner.iam.cache import cache_statements
from pulumi_gitlab_runner.iam.fleet import fleet_statements
from pulumi_gitlab_runner.iam.host import lifecycle_statement, report_statements, session_statements
from pulumi_gitlab_runner.iam.manager import ec2_trust_policy, manager_policy
from pulumi_gitlab_runner.iam.policy import Statement
from pulumi_gitlab_runner.iam.registries import required_policies
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.registries import RegistryDeclaration
from pulumi_gitlab_runner.spec.shape import check_keys
from pulumi_gitlab_runner.spec.stack import build_registries


class FleetAccessArgs(TypedDict):
    """The fleet of a manager."""

    group: pulumi.Input[str]
    """The name of its Auto Scaling group."""
    user: str
    """The user of its instances that the manager connects as, such as `ec2-user`."""


class CacheAccessArgs(TypedDict):
    """The cache of a manager's runners."""

    bucket: pulumi.Input[str]
    """The bucket's name; see `RunnerCache`."""
    prefixes: list[str]
    """The prefixes of its runners' objects."""
    kms_key: NotRequired[str]
    """The ARN of the KMS key that encrypts the bucket. Default: S3's own key."""


class HostAccessArgs(TypedDict):
    """The host of a manager."""

    tag: str
    """The value of the tag `gitlab-runner-host` of its Auto Scaling group."""
    session_manager: NotRequired[bool]
    """Whether Systems Manager may open a shell on it. Default false."""
    log_group_arn: NotRequired[pulumi.Input[str]]
    """The log group that it writes its journal to. Default: none."""
    reports_health: NotRequired[bool]
    """Whether it tells CloudWatch that it works. Default false."""


class RunnerManagerRoleArgs(TypedDict):
    """What a runner manager pulls and reads."""

    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The registries that it pulls from, by name: the role may pull from exactly their repositories."""
    parameter_arns: NotRequired[list[pulumi.Input[str]]]
    """The SecureString parameters that its host reads."""
    key_arn: NotRequired[pulumi.Input[str]]
    """The customer-managed key that encrypts these parameters. Required with them."""
    files_arn: NotRequired[pulumi.Input[str]]
    """The S3 object that holds its host's files."""
    host: NotRequired[HostAccessArgs]
    """The host that it runs on: what that does on its own behalf."""
    fleet: NotRequired[FleetAccessArgs]
    """The fleet whose instances it starts, ends and enters: that one, and no other."""
    cache: NotRequired[CacheAccessArgs]
    """The cache that it reads and writes, below the prefixes of its runners alone."""
    permissions_boundary: NotRequired[str]
    """The ARN of the policy that bounds the role. Default: none."""
    path: NotRequired[str]
    """The IAM path of role and instance profile. Default `/`."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS it lives. Default: asked of AWS."""


class RunnerManagerRole(pulumi.ComponentResource):
    """The role of a runner manager, with exactly what its declaration takes, for EC2 instances.

    Creates:

    - `aws:iam/role:Role`
    - `aws:iam/rolePolicy:RolePolicy`
    - `aws:iam/instanceProfile:InstanceProfile`

    Raises `pulumi.RunError` for a registry that is wrongly declared.
    """

    role_arn: pulumi.Output[str]
    """The role's ARN."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must put on each of the
    repositories, so that the role may pull."""
    profile_arn: pulumi.Output[str]
    """The instance profile's ARN."""

    def __init__(
        self, name: str, args: RunnerManagerRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with told_once():
            check_keys(args, RunnerManagerRoleArgs, name)
            if "host" in args:
                check_keys(args["host"], HostAccessArgs, join_path(name, "host"))
            if "fleet" in args:
                check_keys(args["fleet"], FleetAccessArgs, join_path(name, "fleet"))
            if "cache" in args:
                check_keys(args["cache"], CacheAccessArgs, join_path(name, "cache"))
            if args.get("parameter_arns") and "key_arn" not in args:
                raise DeclarationError(
                    [
                        Problem(
                            join_path(name, "parameter_arns"), "parameters", "these together with 'key_arn'"
                        )
                    ]
                )
            registries = build_registries(plain(args.get("registries", {})), name)
        super().__init__("gitlab-runner:index:RunnerManagerRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        environment = known_environment(args.get("environment") or environment_of(self))

        host, fleet, cache = args.get("host"), args.get("fleet"), args.get("cache")

        def policy(
            place: AwsEnvironment,
            parameter_arns: list[str],
            key_arn: str | None,
            files_arn: str | None,
            group: str | None,
            bucket: str | None,
            log_group_arn: str | None,
        ) -> str:
            further: list[Statement] = []
            if host:
                further.append(lifecycle_statement(host["tag"], place))
                if host.get("session_manager"):
                    further += session_statements(place)
                further += report_statements(log_group_arn, health=host.get("reports_health", False))
            if fleet and group:
                further += fleet_statements(group, fleet["user"], place)
            if cache and bucket:
                further += cache_statements(bucket, cache["prefixes"], cache.get("kms_key"), place)
            return manager_policy(
                list(registries.values()),
                place,
                parameter_arns=parameter_arns,
                key_arn=key_arn,
                files_arn=files_arn,
                further=further,
            )

        needed = pulumi.Output.all(
            environment,
            pulumi.Output.all(*args.get("parameter_arns", [])),
            args.get("key_arn"),
            args.get("files_arn"),
            fleet and fleet["group"],
            cache and cache["bucket"],
            host and host.get("log_group_arn"),
        )
        role = aws.iam.Role(
            name,
            path=args.get("path"),
            assume_role_policy=ec2_trust_policy(),
            permissions_boundary=args.get("permissions_boundary"),
            opts=child,
        )
        role_policy = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=needed.apply(lambda known: policy(*known)),
            opts=child,
        )
        # By way of the policy, so that no host starts before its role may do its work.
        profile = aws.iam.InstanceProfile(name, path=args.get("path"), role=role_policy.role, opts=child)
        self.role_arn = role.arn
        self.profile_arn = profile.arn
        self.required_policies = pulumi.Output.all(role.arn, environment).apply(
            lambda known: required_policies({known[0]: list(registries.values())}, known[1])
        )
        self.register_outputs(
            {
                "roleArn": self.role_arn,
                "profileArn": self.profile_arn,
                "requiredPolicies": self.required_policies,
            }
        )
