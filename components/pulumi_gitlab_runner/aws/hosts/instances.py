"""The common settings of the EC2 instances of hosts and fleets."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.existing import unless_egress_rule
from pulumi_gitlab_runner.aws.reserved_names import check_group_name
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.manager.arguments import NewestImage
from pulumi_gitlab_runner.resolution import given, given_or_none
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.egress import EgressRule
from pulumi_gitlab_runner.spec.inputs import Value
from pulumi_gitlab_runner.spec.observation import METRICS_PORT
from pulumi_gitlab_runner.spec.operating_systems import OperatingSystem

METADATA_FOR_THE_HOST: aws.ec2.LaunchTemplateMetadataOptionsArgsDict = {
    "http_endpoint": "enabled",
    "http_tokens": "required",
    "http_put_response_hop_limit": 1,
}
"""A hop limit of one: the host can read its metadata and its role's credentials, but containers cannot."""


def newest_image(operating_system: OperatingSystem, architecture: str) -> str:
    """The public parameter with the newest AMI of an operating system, for a launch template.

    EC2 reads the parameter at each launch, so a newer AMI changes no template and replaces no instance:
    docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html.

    Args:
        operating_system: the operating system.
        architecture: `x86_64` or `arm64`.
    """
    return f"resolve:ssm:{operating_system.images[architecture]}"


def launched_image(
    operating_system: OperatingSystem,
    architecture: str,
    ami: Value[str] | None,
    machine_image: NewestImage | None,
) -> pulumi.Input[str]:
    """The machine image of a launch template: the declared one, else the newest AMI of the operating system.

    Args:
        operating_system: the operating system of the instances.
        architecture: `x86_64` or `arm64`.
        ami: the id of a declared AMI.
        machine_image: the machine image that the stack builds.
    """
    if machine_image is not None:
        return pulumi.Output.concat("resolve:ssm:", machine_image.parameter)
    return newest_image(operating_system, architecture) if ami is None else given(ami)


def template_description(description: str, machine_image: NewestImage | None) -> pulumi.Input[str]:
    """The description of a launch template's version.

    It contains the id of the machine image that the stack builds, so that a newer image shows in the preview
    and creates a new version. The template itself refers to the parameter: an instance that the group
    replaces also starts from the newest image, and never from a deleted one.

    Args:
        description: the description of the template.
        machine_image: the machine image of its instances, if the stack builds it.
    """
    if machine_image is None:
        return description
    return pulumi.Output.concat(description, ", ", machine_image.image_id)


def egress_only(
    name: str,
    description: str,
    vpc_id: pulumi.Input[str],
    egress: Sequence[EgressRule],
    tags: AwsTags,
    parent: pulumi.Resource,
) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    """A security group with egress rules and without ingress rules, and its rules.

    Args:
        name: the resource name of the group, and the prefix of its rules' names.
        description: the description of the group; a change replaces the group.
        vpc_id: the id of its VPC.
        egress: the egress rules; without any, all egress is allowed.
        tags: the tags of the group and its rules.
        parent: the parent of the resources.
    """
    check_group_name(name)
    child = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(
        name, description=description, vpc_id=vpc_id, tags=tag_inputs(tags), opts=child
    )
    rules: list[pulumi.Resource] = [
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-{rule}",
            security_group_id=group.id,
            description=rule.description,
            ip_protocol=rule.protocol,
            from_port=rule.from_port,
            to_port=rule.to_port,
            cidr_ipv4=given_or_none(rule.cidr),
            prefix_list_id=given_or_none(rule.prefix_list),
            tags=tag_inputs(tags),
            opts=_rule_options(f"{name}-{rule}", parent),
        )
        for rule in egress
    ]
    if not egress:
        everywhere = aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=group.id,
            description="To GitLab, the registries and AWS",
            ip_protocol="-1",
            cidr_ipv4="0.0.0.0/0",
            tags=tag_inputs(tags),
            opts=_rule_options(name, parent),
        )
        rules.append(everywhere)
    return group, rules


def _rule_options(name: str, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(parent=parent, hooks=unless_egress_rule(name, parent))


def metrics_ingress(
    name: str,
    vpc_id: pulumi.Input[str],
    security_group_id: pulumi.Output[str],
    tags: AwsTags,
    parent: pulumi.Resource,
) -> aws.vpc.SecurityGroupIngressRule:
    """The ingress rule that allows the host's VPC to read the runner's metrics.

    Args:
        name: the prefix of the resource name.
        vpc_id: the id of the host's VPC.
        security_group_id: the id of the host's security group.
        tags: the tags of the rule.
        parent: the parent of the resource.
    """
    vpc = aws.ec2.get_vpc_output(id=vpc_id, opts=pulumi.InvokeOutputOptions(parent=parent))
    return aws.vpc.SecurityGroupIngressRule(
        f"{name}-metrics",
        security_group_id=security_group_id,
        description="Metrics of the runner, for the VPC",
        cidr_ipv4=vpc.cidr_block,
        ip_protocol="tcp",
        from_port=METRICS_PORT,
        to_port=METRICS_PORT,
        tags=tag_inputs(tags),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def encrypted_root(
    size_gb: int, operating_system: OperatingSystem
) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgsDict:
    """An encrypted gp3 root volume, which is deleted with its instance.

    Args:
        size_gb: the size of the volume, in GiB.
        operating_system: the operating system of the machine image.
    """
    return {
        "device_name": operating_system.root_device,
        "ebs": {
            "encrypted": "true",
            "volume_type": "gp3",
            "volume_size": size_gb,
            "delete_on_termination": "true",
        },
    }


def tags_at_launch(tags: AwsTags) -> list[Any]:
    """The tags of an instance and its volumes, set by the launch template.

    An Auto Scaling group tags only its instances, not their volumes, and only after the launch.
    """
    return [{"resource_type": each, "tags": tag_inputs(tags)} for each in ("instance", "volume")]
