"""The Auto Scaling group of a runner host: one instance, and how a new one takes the place of an old one."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.hosts.instances import (
    METADATA_FOR_THE_HOST,
    described,
    encrypted_root,
    launched_image,
    tags_at_launch,
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
from pulumi_gitlab_runner.spec.hosts import Host
from pulumi_gitlab_runner.spec.managers import Manager

_LAUNCH: aws.autoscaling.GroupInitialLifecycleHookArgsDict = {
    "name": LAUNCH_HOOK,
    "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "heartbeat_timeout": BOOT_HEARTBEAT,
    "default_result": "ABANDON",
}
"""A host that is not ready in time never gets into service, and the one before it stays."""


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

    A host is in service when its boot says that it is ready. A new version of the template, or other subnets,
    start an instance refresh: its new instance comes before the old one goes, as after a failed health check,
    and the old one may take its time at the hook until its jobs have ended. Where no new instance gets ready,
    the refresh fails, and the old one stays.

    A new role or another VPC makes a new group: when its host is ready, the old group ends with its last job,
    and only then do the role, the security group and the network go that it needs. A new group also takes the
    place of one whose first host was not ready in time, or whose refresh could not be started.

    Args:
        name: of each of them.
        manager: what runs on the host.
        label: what the host is called outside of Pulumi.
        tag: by which the host's role knows the group; see `HOST_TAG`.
        profile_arn: the instance profile.
        security_group_id: the security group.
        lives_with: what has to be there for as long as an instance of the group.
        subnet_ids: where its instance may be started.
        boot: the user data, as text.
        machine_image: the one that it starts from, if the stack makes it.
        tags: of everything, the instance and its volumes among it.
        parent: the component that they belong to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    template = _template(
        name, label, manager.host, profile_arn, security_group_id, boot, machine_image, tags, child
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
        # Which an instance refresh keeps to as well.
        instance_maintenance_policy={"min_healthy_percentage": 100, "max_healthy_percentage": 200},
        instance_refresh={"strategy": "Rolling", "triggers": ["vpc_zone_identifier"]},
        health_check_type="EC2",
        # An instance is ready when it gets into service, so the one before it need not stay longer.
        default_instance_warmup=30,
        initial_lifecycle_hooks=[_LAUNCH, drain],
        wait_for_capacity_timeout=f"{FIRST_HOST_TIMEOUT}s",
        # Where a zone has no capacity, or does not offer the type, the group goes on in another one.
        ignore_failed_scaling_activities=True,
        tags=[
            *group_tags(tags, Name=f"gitlab-runner-{label}"),
            {"key": HOST_TAG, "value": tag, "propagate_at_launch": False},
        ],
        opts=pulumi.ResourceOptions(
            parent=parent,
            # It is deleted before these, by which its instances live until their jobs have ended.
            depends_on=[*lives_with],
            replacement_trigger=[profile_arn, security_group_id],
            # A group that was not made or updated as it should be: to update it again would wait for nothing.
            replace_on_changes=["#initerror"],
            # The hooks below take care of groups that exist.
            ignore_changes=["initialLifecycleHooks"],
            custom_timeouts=pulumi.CustomTimeouts(delete=f"{longest_drain(manager.longest_job)}s"),
        ),
    )
    # A group that is destroyed loses its hooks first, and waits for no jobs. One that is replaced keeps them:
    # they are put on the new group, and stay on the old one.
    for hook, called in (_LAUNCH, f"{name}-boot"), (drain, name):
        aws.autoscaling.LifecycleHook(called, autoscaling_group_name=group.name, opts=child, **hook)
    return group


def _template(
    name: str,
    label: str,
    host: Host,
    profile_arn: pulumi.Output[str],
    security_group_id: pulumi.Output[str],
    boot: pulumi.Output[str],
    machine_image: NewestImage | None,
    tags: AwsTags,
    child: pulumi.ResourceOptions,
) -> aws.ec2.LaunchTemplate:
    metadata: aws.ec2.LaunchTemplateMetadataOptionsArgsDict = {
        **METADATA_FOR_THE_HOST,
        # The drain script reads the group's name there.
        "instance_metadata_tags": "enabled",
    }
    profile: aws.ec2.LaunchTemplateIamInstanceProfileArgsDict = {"arn": profile_arn}
    return aws.ec2.LaunchTemplate(
        name,
        description=described(f"Runner host {label}", machine_image),
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
