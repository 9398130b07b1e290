"""Machine images for hosts and for the workers of fleets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.aws.existing import unless_log_group, unless_parameter
from pulumi_gitlab_runner.aws.hosts.instances import egress_only, encrypted_root
from pulumi_gitlab_runner.aws.network.host_network import host_network
from pulumi_gitlab_runner.aws.observation import log_group_arn
from pulumi_gitlab_runner.aws.tags import plain_tags, tag_inputs
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.existing import stack_mark
from pulumi_gitlab_runner.host.machine_image import document_version, image_document
from pulumi_gitlab_runner.iam.manager import ec2_trust_policy
from pulumi_gitlab_runner.iam.registries import required_policies
from pulumi_gitlab_runner.iam.runner_image import build_policy
from pulumi_gitlab_runner.manager.arguments import HostNetwork, HostNetworkArgs
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment, environment_of
from pulumi_gitlab_runner.resolution import (
    given,
    given_or_none,
    refused_as_whole,
    resolved,
    with_handles,
)
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.declared import declared
from pulumi_gitlab_runner.spec.images import expand_registry_name
from pulumi_gitlab_runner.spec.inputs import known, strict, value
from pulumi_gitlab_runner.spec.machine_images import (
    MachineImage,
    MachineImageDeclaration,
    machine_image_problems_in,
)
from pulumi_gitlab_runner.spec.problems import join_path, refuse
from pulumi_gitlab_runner.spec.registries import Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.shape import check_shape
from pulumi_gitlab_runner.spec.stack import parse_stack

_LOGS_KEPT_DAYS = 90


@strict
class RunnerImageArgs(TypedDict):
    """A machine image, and what its build needs."""

    image: MachineImageDeclaration
    """The machine image."""
    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The registries of its job images, by name. Default: none."""
    network: NotRequired[HostNetworkArgs]
    """The network of the build if the image declares no `vpc`; see `RunnerNetwork`. Default: the account's
    default VPC."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region. Default: those of the AWS provider."""


@dataclass(frozen=True)
class ImageModel:
    """A machine image, and what its build needs.

    Attributes:
        image: the machine image.
        registries: the registries of its job images, by name.
        label: its physical name.
        path: its path in the declaration.
        network: the network of the build if the image declares no VPC; None for the default VPC.
        environment: the AWS account and region; None if not looked up yet.
        tags: the tags of all resources and of the images.
        logs_key: the KMS key of its log group; None for the key of CloudWatch Logs.
    """

    image: MachineImage
    registries: Mapping[str, Registry]
    label: str
    path: str
    network: HostNetwork | None = None
    environment: Environment | None = None
    tags: AwsTags = field(default_factory=dict)
    logs_key: pulumi.Input[str] | None = None


class RunnerImage(Component[ImageModel]):
    """A machine image for hosts and workers, which EC2 Image Builder builds on a schedule.

    It contains the packages that a host or worker would install at boot, and the declared job images; no
    configuration and no secrets. It is tested on an instance before it is distributed. A parameter contains
    the id of the newest image, and until the first build that of the operating system's AMI. To build an
    image before the scheduled time, run
    `aws imagebuilder start-image-pipeline-execution --image-pipeline-arn ARN`. Older images are kept, with
    their snapshots, until you delete them.

    Creates:

    - `aws:imagebuilder/imagePipeline:ImagePipeline`, with `aws:imagebuilder/component:Component`,
      `aws:imagebuilder/imageRecipe:ImageRecipe`,
      `aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration` and
      `aws:imagebuilder/distributionConfiguration:DistributionConfiguration`
    - `aws:ssm/parameter:Parameter`: the id of the newest image
    - `aws:iam/role:Role`, `aws:iam/rolePolicy:RolePolicy` and `aws:iam/instanceProfile:InstanceProfile`: for
      the build instance, which may pull from the declared repositories
    - `aws:ec2/securityGroup:SecurityGroup` and `aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule`: for
      the build instance, without ingress
    - `aws:cloudwatch/logGroup:LogGroup`: the logs of the builds

    Raises `pulumi.RunError` for a wrong declaration.
    """

    parameter_name: pulumi.Output[str]
    """The name of the parameter with the id of the newest image."""
    image_id: pulumi.Output[str]
    """The id of the newest image, as of this run."""
    pipeline_arn: pulumi.Output[str]
    """The ARN of the pipeline."""
    role_arn: pulumi.Output[str]
    """The role of the build instance."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must add to each
    repository, so that the build can pull."""

    def __init__(self, name: str, args: RunnerImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            read = check_shape(with_handles(args, name), RunnerImageArgs, name)
            declared = {"registries": read.get("registries", {}), "machine_images": {name: read["image"]}}
            stack = parse_stack(declared, path=name)
        network, image = read.get("network"), stack.machine_images[name]
        model = ImageModel(
            image,
            stack.registries_of(image),
            label=name,
            path=join_path(name, "machine_images", name),
            network=network
            and HostNetwork(given(value(network["vpc_id"])), given(value(network["subnet_ids"]))),
            environment=declared_environment(read.get("environment"), name),
            tags=image.tags,
        )
        self._make(name, model, opts)

    def _make(self, name: str, model: ImageModel, opts: pulumi.ResourceOptions | None) -> None:
        self.register_component("RunnerImage", name, declared(model.image), opts)
        image, tags = model.image, tag_inputs(model.tags)
        environment = model.environment or environment_of(self)
        # A new version, or one with a new name, is created first: other resources depend on the old one until
        # they are updated. By default the provider deletes a resource with a fixed name first.
        self._new_first = pulumi.ResourceOptions(parent=self, delete_before_replace=False)
        stack = stack_mark()
        # Image Builder allows no dots in names, and writes parameters only below /imagebuilder/.
        called = f"{stack}/{model.label}".replace("/", "-").replace(".", "-").lower()
        parent = image.os.images[image.architecture]
        parameter = aws.ssm.Parameter(
            name,
            name=f"/imagebuilder/{stack}/{model.label}",
            type="String",
            data_type="aws:ec2:image",
            # Pulumi writes only the first value, the builds write the later ones. A write-only value is not
            # in the state, so another one is no change; ignoreChanges would lose it in a refresh.
            value_wo=_value_of(parent, self),
            value_wo_version=1,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, hooks=unless_parameter(name, self)),
        )
        parts = pulumi.Output.all(resolved((image, model.registries)), environment)
        document = parts.apply(lambda found: _document(model.path, found[0][0], found[0][1], found[1]))
        version = document.apply(document_version)
        disk: Any = encrypted_root(image.disk_gb, image.os)  # the same keys as of a launch template
        component = aws.imagebuilder.Component(
            name,
            name=called,
            version=version,
            platform="Linux",
            description=f"Runner hosts of {stack}",
            data=document,
            tags=tags,
            opts=self._new_first,
        )
        recipe = aws.imagebuilder.ImageRecipe(
            name,
            name=called,
            # The version also depends on the parent and the disk, because a version is immutable.
            version=document.apply(lambda text: document_version(f"{text}{parent}{image.disk_gb}")),
            description=f"Runner hosts of {stack}",
            parent_image=f"ssm:{parent}",
            components=[{"component_arn": component.arn}],
            block_device_mappings=[disk],
            tags=tags,
            opts=self._new_first,
        )
        pipeline = aws.imagebuilder.ImagePipeline(
            name,
            name=called,
            description=f"Machine image {image.name} of runner hosts of {stack}",
            image_recipe_arn=recipe.arn,
            infrastructure_configuration_arn=self._infrastructure(name, called, model, environment),
            distribution_configuration_arn=self._distribution(
                name, called, parameter, environment, model.tags
            ),
            # The inventory of packages, for which the instance would need more permissions.
            enhanced_image_metadata_enabled=False,
            # A build also installs newer packages, so it does not wait for a newer parent image.
            schedule={
                "schedule_expression": image.schedule,
                "timezone": image.timezone,
                "pipeline_execution_start_condition": "EXPRESSION_MATCH_ONLY",
            },
            tags=tags,
            opts=self._new_first,
        )
        self.parameter_name = parameter.name
        # Derived from the parameter's ARN, so that the parameter is created before it is read.
        created_name = pulumi.Output.all(parameter.name, parameter.arn).apply(lambda found: str(found[0]))
        self.image_id = _value_of(created_name, self)
        self.pipeline_arn = pipeline.arn
        self.required_policies = pulumi.Output.all(self.role_arn, parts).apply(
            lambda found: required_policies({found[0]: list(found[1][0][1].values())}, found[1][1])
        )
        self.register_declared_outputs()

    def _infrastructure(
        self, name: str, called: str, model: ImageModel, environment: Environment
    ) -> pulumi.Output[str]:
        """The ARN of the infrastructure configuration: the build instance, and its permissions."""
        image, tags = model.image, tag_inputs(model.tags)
        logs = aws.cloudwatch.LogGroup(
            name,
            # docs.aws.amazon.com/imagebuilder/latest/userguide/monitor-cwlogs.html
            name=f"/aws/imagebuilder/{called}",
            retention_in_days=_LOGS_KEPT_DAYS,
            kms_key_id=model.logs_key,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, hooks=unless_log_group(name, self)),
        )
        role = aws.iam.Role(
            name,
            path=given(image.role_path),
            description="Builds machine images of runner hosts",
            assume_role_policy=ec2_trust_policy(),
            permissions_boundary=given_or_none(image.permissions_boundary),
            force_detach_policies=True,
            tags=tags,
            opts=self._child,
        )
        self.role_arn = role.arn
        policy = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=pulumi.Output.all(
                resolved(model.registries),
                log_group_arn(logs, environment),
                environment,
            ).apply(lambda found: build_policy(list(found[0].values()), called, found[1], found[2])),
            opts=self._child,
        )
        profile = aws.iam.InstanceProfile(
            name, path=given(image.role_path), role=policy.role, tags=tags, opts=self._child
        )
        network = host_network(image.vpc, image.subnets, model.network, self)
        security_group, _ = egress_only(
            name, f"Builds the machine image {model.label}", network.vpc_id, (), model.tags, self
        )
        return aws.imagebuilder.InfrastructureConfiguration(
            name,
            name=called,
            description=f"Builds the machine image {model.label}",
            instance_profile_name=profile.name,
            instance_types=[image.instance_type],
            security_group_ids=[security_group.id],
            subnet_id=pulumi.Output.from_input(network.subnet_ids).apply(lambda subnets: sorted(subnets)[0]),
            instance_metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
            terminate_instance_on_failure=True,
            resource_tags=plain_tags(model.tags) or None,  # of the temporary resources of a build
            tags=tags,
            opts=self._new_first,
        ).arn

    def _distribution(
        self,
        name: str,
        called: str,
        parameter: aws.ssm.Parameter,
        environment: Environment,
        tags: AwsTags,
    ) -> pulumi.Output[str]:
        """The ARN of the distribution configuration: the name of an image, and the parameter with its id."""
        image: aws.imagebuilder.DistributionConfigurationDistributionAmiDistributionConfigurationArgsDict = {
            "name": f"{called} {{{{ imagebuilder:buildDate }}}}"
        }
        # Image Builder creates the images, which are not in the state: they get only the declared tags.
        if tags:
            image["ami_tags"] = plain_tags(tags)
        return aws.imagebuilder.DistributionConfiguration(
            name,
            name=called,
            distributions=[
                {
                    "region": environment.apply(lambda found: found.region),
                    "ami_distribution_configuration": image,
                    "ssm_parameter_configurations": [
                        {"parameter_name": parameter.name, "data_type": "aws:ec2:image"}
                    ],
                }
            ],
            tags=tag_inputs(tags),
            opts=self._new_first,
        ).arn


def _document(
    path: str, image: MachineImage, registries: Mapping[str, Registry], environment: AwsEnvironment
) -> str:
    with refused_as_whole():
        refuse(machine_image_problems_in(image, registries, environment, path))
    return image_document(
        image.os,
        image.runner_version,
        [expand_registry_name(known(each), registries, environment) for each in image.images],
        [each.address_in(environment).partition("/")[0] for each in registries.values()],
    )


def _value_of(parameter: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    options = pulumi.InvokeOutputOptions(parent=parent)
    found = aws.ssm.get_parameter_output(name=parameter, opts=options).insecure_value
    # The provider marks the value of every parameter as a secret; this one must be visible in a preview.
    return pulumi.Output.unsecret(found)
