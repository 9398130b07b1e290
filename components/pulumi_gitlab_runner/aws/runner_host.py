"""The EC2 host of a runner manager."""

from typing import NotRequired

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.auth.docker_config import credentials_as_json
from pulumi_gitlab_runner.aws.environment import environment_of, known_environment
from pulumi_gitlab_runner.aws.host_group import host_group
from pulumi_gitlab_runner.aws.host_network import host_network
from pulumi_gitlab_runner.aws.host_observation import health_alarm, log_group, metrics_ingress
from pulumi_gitlab_runner.aws.image_digests import image_digests
from pulumi_gitlab_runner.aws.instances import egress_only
from pulumi_gitlab_runner.aws.manager_args import InstanceManagerArgs, declared_manager, declared_stack
from pulumi_gitlab_runner.aws.runner_manager_role import (
    HostAccessArgs,
    RunnerManagerRole,
    RunnerManagerRoleArgs,
)
from pulumi_gitlab_runner.aws.secret_parameter import secret_parameter
from pulumi_gitlab_runner.declared import registry_credentials, told_once
from pulumi_gitlab_runner.host.files import HostParameters, files_as_json, host_files
from pulumi_gitlab_runner.host.user_data import user_data
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.hosts import Host
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.registries import StaticRegistry
from pulumi_gitlab_runner.spec.runners import check_pinned
from pulumi_gitlab_runner.spec.shape import check_keys


class RunnerHostArgs(InstanceManagerArgs):
    """The runners of a host, and what they use."""

    fleet_group: NotRequired[pulumi.Input[str]]
    """The name of the Auto Scaling group of a runner that declares a `fleet`; `RunnerFleet` makes both."""


class RunnerHost(pulumi.ComponentResource):
    """One EC2 instance, kept by an Auto Scaling group, that runs a runner manager and its runners' jobs.

    The instance holds no secret before it boots: it reads its tokens from Parameter Store, and the passwords
    of registries when an image is pulled. Its files are fetched from S3, so a change of them, a further
    runner too, reaches a running host without replacing it. The images that its runners declare are pinned to
    the digests that their registries have for them now, so a tag that has moved is a change of these files.
    Where no digest can be had, the tag stays, with a warning; with `require_digests` that is an error.

    Creates:

    - `gitlab-runner:index:RunnerManagerRole`
    - `aws:ssm/parameter:Parameter`: each runner's token, and one for each registry with a password of its own
    - `aws:s3/bucketObjectv2:BucketObjectv2`: the host's files
    - `aws:ec2/securityGroup:SecurityGroup` and `aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule`:
      all egress, or the declared `egress` alone, no ingress of its own
    - `aws:ec2/launchTemplate:LaunchTemplate`: IMDSv2 required, out of reach of jobs; encrypted gp3 disk
    - `aws:autoscaling/group:Group`: one instance, or two while a new one takes the place of the old one
    - `aws:autoscaling/lifecycleHook:LifecycleHook`: lets jobs end before their host does
    - `aws:cloudwatch/logGroup:LogGroup`: with `logs`
    - `aws:cloudwatch/metricAlarm:MetricAlarm`: with `alarms`
    - `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`: with `metrics` for the VPC

    Raises `pulumi.RunError` for a runner or registry that is wrongly declared, and for an image without a
    digest where digests are required.
    """

    group_name: pulumi.Output[str]
    """The Auto Scaling group's name."""
    security_group_id: pulumi.Output[str]
    """The id of its security group."""
    role_arn: pulumi.Output[str]
    """The manager's role."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must put on each of the
    repositories, so that the manager may pull."""

    def __init__(self, name: str, args: RunnerHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with told_once():
            check_keys(args, RunnerHostArgs, name)
            stack, manager = declared_manager(args, name)
            if manager.host.docker:
                found, allowed = "a Docker host", "a host in EC2"
                path = join_path(name, "runners", manager.name, "host", "docker")
                raise DeclarationError([Problem(path, found, allowed, "DockerRunnerHost makes the other")])
            if bool(manager.fleet) != ("fleet_group" in args):
                found = "a fleet, with no group" if manager.fleet else "a group, with no fleet"
                allowed = "'fleet_group' with a runner that declares a fleet"
                raise DeclarationError(
                    [Problem(join_path(name, "fleet_group"), found, allowed, "RunnerFleet makes both")]
                )
        registries = stack.registries_of(manager)
        super().__init__("gitlab-runner:index:RunnerHost", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.get("environment") or environment_of(self)
        environment = known_environment(place)
        names = HostParameters(f"/{pulumi.get_project()}/{pulumi.get_stack()}/{name}")

        def parameter(suffix: str, path: str, value: pulumi.Input[str]) -> aws.ssm.Parameter:
            return secret_parameter(f"{name}-{suffix}", path, value, args["key_arn"], self)

        tokens = [
            parameter(f"token-{each}", names.token(each), hosted["token"])
            for each, hosted in args["runners"].items()
        ]
        passwords = [
            parameter(
                f"registry-{each.name}",
                names.registry(each.name),
                registry_credentials(args["registries"][each.name]).apply(credentials_as_json),
            )
            for each in registries.values()
            if isinstance(each, StaticRegistry) and each.declared
        ]

        def files(
            known: AwsEnvironment,
            digests: dict[str, str],
            runner_ids: dict[str, str],
            cache_bucket: str,
            *_written: str,
        ) -> str:
            with told_once():
                declared_stack(args, name, known)
            return files_as_json(
                host_files(
                    manager,
                    registries,
                    known,
                    names,
                    gitlab_url=stack.gitlab_url,
                    runner_ids={each: int(runner_id) for each, runner_id in runner_ids.items()},
                    digests=digests,
                    cache_bucket=cache_bucket,
                )
            )

        # By way of the parameters, so that a running host never meets new files with the tokens of old ones;
        # and of the group, so that no manager meets a fleet that is not there.
        written = [*(each.name for each in (*tokens, *passwords)), args.get("fleet_group")]
        runner_ids = pulumi.Output.all(**{each: it["runner_id"] for each, it in args["runners"].items()})
        digests = args.get("digests")
        if digests is None:
            declarations = args.get("registries", {})
            digests = image_digests(manager.images, registries, declarations, environment, self)
        if any(runner.require_digests for runner in manager.runners):
            digests = pulumi.Output.from_input(digests).apply(lambda found: _all_pinned(manager, found))
        delivered = aws.s3.BucketObjectv2(
            f"{name}-files",
            bucket=args["bucket"],
            key=f"{name}/files.json",
            content=pulumi.Output.all(
                environment, digests, runner_ids, args.get("cache_bucket", ""), *written
            ).apply(lambda known: files(*known)),
            content_type="application/json",
            opts=child,
        )
        logs = log_group(name, manager.host.logs, names.prefix, self) if manager.host.logs else None
        role = RunnerManagerRole(
            name,
            {
                "registries": {each: args["registries"][each] for each in registries},
                "parameter_arns": [each.arn for each in (*tokens, *passwords)],
                "key_arn": args["key_arn"],
                "files_arn": delivered.arn,
                "host": _host_access(manager.host, names.prefix, logs.arn if logs else None),
                "path": manager.host.role_path,
                "environment": place,
                **_access(manager, args),
            },
            opts=child,
        )
        network = host_network(manager.host.vpc, manager.host.subnets, args.get("network"), self)
        security_group = egress_only(
            name, f"Runner host {name}", network["vpc_id"], manager.host.egress, self
        )
        if manager.host.metrics == "vpc":
            metrics_ingress(name, network["vpc_id"], security_group.id, self)
        if manager.host.alarm_topic:
            health_alarm(name, manager.host.alarm_topic, names.prefix, self)
        group = host_group(
            name,
            manager,
            tag=names.prefix,
            profile_arn=role.profile_arn,
            security_group_id=security_group.id,
            subnet_ids=network["subnet_ids"],
            boot=pulumi.Output.all(delivered.bucket, delivered.key, environment).apply(
                lambda known: user_data(
                    bucket=known[0],
                    key=known[1],
                    region=known[2].region,
                    tokens=names.tokens,
                    runner_version=manager.host.runner_version,
                    operating_system=manager.host.os,
                )
            ),
            parent=self,
        )
        self.group_name = group.name
        self.security_group_id = security_group.id
        self.role_arn = role.role_arn
        self.required_policies = role.required_policies
        self.register_outputs(
            {
                "groupName": self.group_name,
                "roleArn": self.role_arn,
                "requiredPolicies": self.required_policies,
                "securityGroupId": self.security_group_id,
            }
        )


def _host_access(host: Host, tag: str, log_group_arn: pulumi.Output[str] | None) -> HostAccessArgs:
    """What the manager's role is told of its host."""
    access: HostAccessArgs = {
        "tag": tag,
        "session_manager": host.session_manager,
        "reports_health": host.alarm_topic is not None,
    }
    if log_group_arn is not None:
        access["log_group_arn"] = log_group_arn
    return access


def _access(manager: Manager, args: RunnerHostArgs) -> RunnerManagerRoleArgs:
    """What the manager's role is told of its fleet, its cache and its boundary."""
    access: RunnerManagerRoleArgs = {}
    if manager.host.permissions_boundary:
        access["permissions_boundary"] = manager.host.permissions_boundary
    if manager.fleet:
        access["fleet"] = {"group": args["fleet_group"], "user": manager.fleet.user}
    if manager.cache:
        access["cache"] = {"bucket": args["cache_bucket"], "prefixes": list(manager.cache_prefixes)}
        if manager.cache.kms_key:
            access["cache"]["kms_key"] = manager.cache.kms_key
    return access


def _all_pinned(manager: Manager, digests: dict[str, str]) -> dict[str, str]:
    """The digests of the runners' images, when there is one for each that needs it."""
    with told_once():
        check_pinned(manager.runners, digests)
    return digests
