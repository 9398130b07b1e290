"""The Auto Scaling group of a runner host: one instance, and its replacement by a new one."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.hosts.instances import (
    METADATA_FOR_THE_HOST,
    encrypted_root,
    launched_image,
    tags_at_launch,
    template_description,
)
from pulumi_gitlab_runner.aws.tags import group_tags, tag_inputs
from pulumi_gitlab_runner.host.lifecycle import (
    BOOT_HEARTBEAT,
    FIRST_HOST_TIMEOUT,
    LAUNCH_HOOK,
    LIFECYCLE_HOOK,
    heartbeat_timeout,
    longest_drain,
)
from pulumi_gitlab_runner.host.user_data import encoded
from pulumi_gitlab_runner.manager.arguments import NewestImage
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG, AwsTags
from pulumi_gitlab_runner.spec.managers import Manager

_LAUNCH: aws.autoscaling.GroupInitialLifecycleHookArgsDict = {
    "name": LAUNCH_HOOK,
    "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "heartbeat_timeout": BOOT_HEARTBEAT,
    "default_result": "ABANDON",
}
"""A new host that is not ready in time never gets into service, and the old host stays."""


def host_group(
    name: str,
    manager: Manager,
    *,
    label: str,
    tag: str,
    profile_arn: pulumi.Output[str],
    security_group_id: pulumi.Output[str],
    lives_with: Sequence[pulumi.Resource],
    subnet_ids: pulumi.Input[Any],
    boot: pulumi.Output[str],
    machine_image: NewestImage | None,
    tags: AwsTags,
    parent: pulumi.Resource,
) -> aws.autoscaling.Group:
    """A group with its launch template and its lifecycle hooks.

    A host gets into service when its boot script completes the launch hook. A new version of the template, or
    other subnets, start an instance refresh: as after a failed health check, the new instance is launched
    before the old one is terminated, and the terminate hook delays the termination until the old host's jobs
    have ended. If no new instance gets ready, the refresh fails, and the old one stays.

    A new role or another VPC replaces the group: when the new host is ready, the old group is deleted after
    its last job, and only then are the role, the security group and the network that it needs. A group is
    also replaced if its first host was not ready in time, or if its refresh could not be started.

    Args:
        name: the resource name of each resource.
        manager: the manager that runs on the host.
        label: the physical name of the host.
        tag: the value of the group's tag `HOST_TAG`, which identifies the group to the host's role.
        profile_arn: the ARN of the instance profile.
        security_group_id: the id of the security group.
        lives_with: the resources that each instance of the group needs until it is terminated.
        subnet_ids: the ids of the subnets in which the instance is launched.
        boot: the user data, as text.
        machine_image: the machine image, if the stack builds it.
        tags: the tags of all resources, the instance and its volumes.
        parent: the parent of the resources.
    """
    child = pulumi.ResourceOptions(parent=parent)
    host = manager.host
    metadata: aws.ec2.LaunchTemplateMetadataOptionsArgsDict = {
        **METADATA_FOR_THE_HOST,
        # The drain script reads the group's name from the instance tags.
        "instance_metadata_tags": "enabled",
    }
    profile: aws.ec2.LaunchTemplateIamInstanceProfileArgsDict = {"arn": profile_arn}
    template = aws.ec2.LaunchTemplate(
        name,
        description=template_description(f"Runner host {label}", machine_image),
        image_id=launched_image(host.os, host.architecture, host.ami, machine_image),
        instance_type=host.instance_type,
        iam_instance_profile=profile,
        vpc_security_group_ids=[security_group_id],
        metadata_options=metadata,
        block_device_mappings=[encrypted_root(host.disk_gb, host.os)],
        user_data=boot.apply(encoded),
        update_default_version=True,
        tags=tag_inputs(tags),
        tag_specifications=tags_at_launch(tags),
        opts=child,
    )
    drain: aws.autoscaling.GroupInitialLifecycleHookArgsDict = {
        "name": LIFECYCLE_HOOK,
        "lifecycle_transition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "heartbeat_timeout": heartbeat_timeout(manager.longest_job),
        "default_result": "CONTINUE",
    }
    group = aws.autoscaling.Group(
        name,
        min_size=1,
        max_size=2,
        vpc_zone_identifiers=subnet_ids,
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        # An instance refresh uses these percentages too.
        instance_maintenance_policy={"min_healthy_percentage": 100, "max_healthy_percentage": 200},
        instance_refresh={"strategy": "Rolling", "triggers": ["vpc_zone_identifier"]},
        health_check_type="EC2",
        # A new instance is ready when it gets into service, so the old one need not stay longer.
        default_instance_warmup=30,
        initial_lifecycle_hooks=[_LAUNCH, drain],
        wait_for_capacity_timeout=f"{FIRST_HOST_TIMEOUT}s",
        # If a zone has no capacity, or does not offer the instance type, the group tries another zone.
        ignore_failed_scaling_activities=True,
        tags=[
            *group_tags(tags, Name=f"gitlab-runner-{label}"),
            {"key": HOST_TAG, "value": tag, "propagate_at_launch": False},
        ],
        opts=pulumi.ResourceOptions(
            parent=parent,
            # The group is deleted before these, which its instances need until their jobs have ended.
            depends_on=[*lives_with],
            replacement_trigger=[profile_arn, security_group_id],
            # Replace a group whose creation or update failed: another update would not repair it.
            replace_on_changes=["#initerror"],
            # The lifecycle hooks of an existing group are updated as the resources below.
            ignore_changes=["initialLifecycleHooks"],
            custom_timeouts=pulumi.CustomTimeouts(delete=f"{longest_drain(manager.longest_job)}s"),
        ),
    )
    # `pulumi destroy` deletes the hooks before the group, which then does not wait for jobs. When the group
    # is replaced, the hooks are created for the new group, and stay on the old one.
    for hook, hook_name in (_LAUNCH, f"{name}-boot"), (drain, name):
        aws.autoscaling.LifecycleHook(hook_name, autoscaling_group_name=group.name, opts=child, **hook)
    return group
