"""The common settings of the EC2 instances of hosts and of fleets."""

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
from pulumi_gitlab_runner.spec.operating_systems import OperatingSystem

METADATA_FOR_THE_HOST: aws.ec2.LaunchTemplateMetadataOptionsArgsDict = {
    "http_endpoint": "enabled",
    "http_tokens": "required",
    "http_put_response_hop_limit": 1,
}
"""One hop: an instance itself gets at its metadata and its role's credentials, a job's container does not."""


def newest_image(operating_system: OperatingSystem, architecture: str) -> str:
    """The newest machine image at the time that an instance is launched, for a launch template.

    EC2 reads the parameter at each launch, so that a newer image changes no template and replaces no
    instance: docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html.

    Args:
        operating_system: which one.
        architecture: `x86_64` or `arm64`.
    """
    return f"resolve:ssm:{operating_system.images[architecture]}"


def launched_image(
    operating_system: OperatingSystem,
    architecture: str,
    ami: Value[str] | None,
    machine_image: NewestImage | None,
) -> pulumi.Input[str]:
    """The machine image of a launch template: one that is declared, else the newest of those published.

    Args:
        operating_system: that of the instances.
        architecture: `x86_64` or `arm64`.
        ami: the id of a declared one.
        machine_image: one that the stack makes.
    """
    if machine_image is not None:
        return pulumi.Output.concat("resolve:ssm:", machine_image.parameter)
    return newest_image(operating_system, architecture) if ami is None else given(ami)


def described(description: str, machine_image: NewestImage | None) -> pulumi.Input[str]:
    """The description of a version of a launch template.

    It names the machine image that the stack makes, so that a newer one shows in the preview, and makes a new
    version. What is launched is by the parameter: an instance that is replaced by itself starts from the
    newest image too, and from none that is deleted already.

    Args:
        description: of the template.
        machine_image: that of its instances, if the stack makes it.
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
    """A security group that lets connections out, and none in; with its rules.

    Args:
        name: of the group; its rules' names start with it.
        description: of the group; another one needs a new group.
        vpc_id: its VPC's id.
        egress: where connections may lead to; without any, to everywhere.
        tags: of the group and its rules.
        parent: the component that it belongs to.
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


def encrypted_root(
    size_gb: int, operating_system: OperatingSystem
) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgsDict:
    """An encrypted gp3 root disk, which ends with its instance.

    Args:
        size_gb: its size in GiB.
        operating_system: that of the machine image.
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
    """Tags that an instance and its volumes get when they are made.

    A group tags its instances alone, not their volumes, and only after the launch.
    """
    return [{"resource_type": each, "tags": tag_inputs(tags)} for each in ("instance", "volume")]
