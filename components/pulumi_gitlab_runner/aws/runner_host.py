"""The EC2 host of a runner manager."""

import base64
from typing import NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.auth.docker_config import credentials_as_json
from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs, environment_of, known_environment
from pulumi_gitlab_runner.aws.image_digests import image_digests
from pulumi_gitlab_runner.aws.runner_manager_role import RunnerManagerRole
from pulumi_gitlab_runner.declared import plain, registry_credentials, told_once
from pulumi_gitlab_runner.host.check import check_manager_configs
from pulumi_gitlab_runner.host.files import HostParameters, files_as_json, host_files
from pulumi_gitlab_runner.host.user_data import user_data
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.hosts import Host
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path, listed
from pulumi_gitlab_runner.spec.registries import RegistryDeclaration, StaticRegistry
from pulumi_gitlab_runner.spec.runners import RunnerDeclaration, check_pinned
from pulumi_gitlab_runner.spec.shape import check_keys
from pulumi_gitlab_runner.spec.stack import Stack, build_stack

AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"
"""The public parameters in which AWS names the newest Amazon Linux 2023 of each architecture:
docs.aws.amazon.com/linux/al2023/ug/ec2.html."""


class HostedRunnerArgs(TypedDict):
    """A runner of a host, and what it was given when it was registered."""

    runner: RunnerDeclaration
    """The runner."""
    runner_id: pulumi.Input[str]
    """Its number in GitLab."""
    token: pulumi.Input[str]
    """Its authentication token (`glrt-…`); always treated as a secret."""


class RunnerHostArgs(TypedDict):
    """The runners of a host, and the registries that they use."""

    runners: dict[str, HostedRunnerArgs]
    """The runners by name: one that declares the `host`, and others that are `host_of` this one."""
    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The registries that they use, by name."""
    gitlab_url: str
    """GitLab's address as the host reaches it, such as `https://gitlab.example.com`."""
    bucket: pulumi.Input[str]
    """The bucket from which hosts fetch their files; see `HostStore`."""
    key_arn: pulumi.Input[str]
    """The customer-managed key that encrypts the host's parameters; see `HostStore`."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS it lives. Default: asked of AWS."""
    digests: NotRequired[pulumi.Input[dict[str, str]]]
    """The digests of the images that the runner declares, `sha256:…`, by the image as declared; one that is
    left out keeps its tag. Default: asked of the registries."""


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
      all egress, no ingress
    - `aws:ec2/launchTemplate:LaunchTemplate`: IMDSv2 required, out of reach of jobs; encrypted gp3 disk
    - `aws:autoscaling/group:Group`: one instance

    Raises `pulumi.RunError` for a runner or registry that is wrongly declared, and for an image without a
    digest where digests are required.
    """

    group_name: pulumi.Output[str]
    """The Auto Scaling group's name."""
    role_arn: pulumi.Output[str]
    """The manager's role."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must put on each of the
    repositories, so that the manager may pull."""

    def __init__(self, name: str, args: RunnerHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with told_once():
            check_keys(args, RunnerHostArgs, name)
            for each, hosted in args["runners"].items():
                check_keys(hosted, HostedRunnerArgs, join_path(name, "runners", each))
        declared = {
            "gitlab_url": args["gitlab_url"],
            "registries": args.get("registries", {}),
            "runners": {each: hosted["runner"] for each, hosted in args["runners"].items()},
        }
        with told_once():
            stack = build_stack(plain(declared), path=name)
            check_manager_configs(stack, name)
            manager = _only_manager(stack, join_path(name, "runners"))
        registries = stack.registries_of(manager)
        super().__init__("gitlab-runner:index:RunnerHost", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.get("environment") or environment_of(self)
        environment = known_environment(place)
        names = HostParameters(f"/{pulumi.get_project()}/{pulumi.get_stack()}/{name}")

        def parameter(suffix: str, path: str, value: pulumi.Input[str]) -> aws.ssm.Parameter:
            return aws.ssm.Parameter(
                f"{name}-{suffix}",
                name=path,
                type="SecureString",
                key_id=args["key_arn"],
                value=pulumi.Output.secret(value),
                opts=child,
            )

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
            known: AwsEnvironment, digests: dict[str, str], runner_ids: dict[str, str], *_parameters: str
        ) -> str:
            with told_once():
                build_stack(plain(declared), known, path=name)
            return files_as_json(
                host_files(
                    manager,
                    registries,
                    known,
                    names,
                    gitlab_url=stack.gitlab_url,
                    runner_ids={each: int(runner_id) for each, runner_id in runner_ids.items()},
                    digests=digests,
                )
            )

        # By way of the parameters, so that a running host never meets new files with the tokens of old ones.
        written = [each.name for each in (*tokens, *passwords)]
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
            content=pulumi.Output.all(environment, digests, runner_ids, *written).apply(
                lambda known: files(*known)
            ),
            content_type="application/json",
            opts=child,
        )
        role = RunnerManagerRole(
            name,
            {
                "registries": {each: args["registries"][each] for each in registries},
                "parameter_arns": [each.arn for each in (*tokens, *passwords)],
                "key_arn": args["key_arn"],
                "files_arn": delivered.arn,
                "environment": place,
            },
            opts=child,
        )
        template = self._template(
            name,
            manager.host,
            profile_arn=role.profile_arn,
            boot=pulumi.Output.all(delivered.bucket, delivered.key, environment).apply(
                lambda known: user_data(
                    bucket=known[0],
                    key=known[1],
                    region=known[2].region,
                    tokens=names.tokens,
                    runner_version=manager.host.runner_version,
                )
            ),
        )
        group = aws.autoscaling.Group(
            name,
            min_size=1,
            max_size=1,
            vpc_zone_identifiers=self._subnets(manager.host),
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            health_check_type="EC2",
            tags=[{"key": "Name", "value": f"gitlab-runner-{name}", "propagate_at_launch": True}],
            opts=child,
        )
        self.group_name = group.name
        self.role_arn = role.role_arn
        self.required_policies = role.required_policies
        self.register_outputs(
            {
                "groupName": self.group_name,
                "roleArn": self.role_arn,
                "requiredPolicies": self.required_policies,
            }
        )

    def _template(
        self, name: str, host: Host, *, profile_arn: pulumi.Output[str], boot: pulumi.Output[str]
    ) -> aws.ec2.LaunchTemplate:
        child = pulumi.ResourceOptions(parent=self)
        security_group = aws.ec2.SecurityGroup(
            name,
            description=f"Runner host {name}: egress only",
            vpc_id=host.vpc or self._default_vpc(),
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=security_group.id,
            description="To GitLab, the registries and AWS",
            ip_protocol="-1",
            cidr_ipv4="0.0.0.0/0",
            opts=child,
        )
        return aws.ec2.LaunchTemplate(
            name,
            description=f"Runner host {name}",
            image_id=host.ami or self._amazon_linux(host),
            instance_type=host.instance_type,
            iam_instance_profile={"arn": profile_arn},
            vpc_security_group_ids=[security_group.id],
            # One hop: the host itself gets its role's credentials, a job's container does not.
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
            },
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "encrypted": "true",
                        "volume_type": "gp3",
                        "volume_size": host.disk_gb,
                        "delete_on_termination": "true",
                    },
                }
            ],
            user_data=boot.apply(lambda text: base64.b64encode(text.encode()).decode()),
            update_default_version=True,
            opts=child,
        )

    def _amazon_linux(self, host: Host) -> pulumi.Output[str]:
        newest = aws.ssm.get_parameter_output(
            name=f"{AMAZON_LINUX}{host.architecture}", opts=pulumi.InvokeOutputOptions(parent=self)
        )
        return newest.insecure_value

    def _default_vpc(self) -> pulumi.Output[str]:
        return aws.ec2.get_vpc_output(default=True, opts=pulumi.InvokeOutputOptions(parent=self)).id

    def _subnets(self, host: Host) -> pulumi.Input[list[str]]:
        if host.subnets:
            return list(host.subnets)
        return aws.ec2.get_subnets_output(
            filters=[{"name": "default-for-az", "values": ["true"]}],
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).ids


def _only_manager(stack: Stack, path: str) -> Manager:
    """The one manager that all runners share."""
    if len(stack.managers) != 1:
        found = f"the hosts of {listed(stack.managers, 'no runner')}"
        mend = "give each host a RunnerHost of its own"
        raise DeclarationError(
            [Problem(path, found, "one host, and runners that are host_of its runner", mend)]
        )
    (manager,) = stack.managers.values()
    return manager


def _all_pinned(manager: Manager, digests: dict[str, str]) -> dict[str, str]:
    """The digests of the runners' images, when there is one for each that needs it."""
    with told_once():
        check_pinned(manager.runners, digests)
    return digests
