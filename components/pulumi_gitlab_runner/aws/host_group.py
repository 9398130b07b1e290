"""The Auto Scaling group of a runner host: one instance, and how a new one takes the place of an old one."""

import base64

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.instances import (
    METADATA_FOR_THE_HOST,
    encrypted_root,
    newest_image,
)
from pulumi_gitlab_runner.host.drain import heartbeat_timeout
from pulumi_gitlab_runner.host.user_data import LIFECYCLE_HOOK
from pulumi_gitlab_runner.iam.host import HOST_TAG
from pulumi_gitlab_runner.spec.hosts import Host
from pulumi_gitlab_runner.spec.managers import Manager


def host_group(
    name: str,
    manager: Manager,
    *,
    tag: str,
    profile_arn: pulumi.Output[str],
    security_group_id: pulumi.Output[str],
    subnet_ids: pulumi.Input[list[str]],
    boot: pulumi.Output[str],
    parent: pulumi.Resource,
) -> aws.autoscaling.Group:
    """A group with its launch template and its lifecycle hook.

    A new version of the template starts an instance refresh. Its new instance comes before the old one goes,
    as after a failed health check, and the old one may take its time at the hook until its jobs have ended.

    Args:
        name: of each of them.
        manager: what runs on the host.
        tag: by which the host's role knows the group; see `HOST_TAG`.
        profile_arn: the instance profile.
        security_group_id: the security group.
        subnet_ids: where its instance may be started.
        boot: the user data, as text.
        parent: the component that they belong to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    template = _template(name, manager.host, profile_arn, security_group_id, boot, child)
    group = aws.autoscaling.Group(
        name,
        min_size=1,
        max_size=2,
        vpc_zone_identifiers=subnet_ids,
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        # Which an instance refresh keeps to as well.
        instance_maintenance_policy={"min_healthy_percentage": 100, "max_healthy_percentage": 200},
        instance_refresh={"strategy": "Rolling"},
        health_check_type="EC2",
        tags=[
            {"key": "Name", "value": f"gitlab-runner-{name}", "propagate_at_launch": True},
            {"key": HOST_TAG, "value": tag, "propagate_at_launch": False},
        ],
        opts=child,
    )
    # Not an initial hook of the group: a group that is destroyed does not wait for jobs.
    aws.autoscaling.LifecycleHook(
        name,
        name=LIFECYCLE_HOOK,
        autoscaling_group_name=group.name,
        lifecycle_transition="autoscaling:EC2_INSTANCE_TERMINATING",
        heartbeat_timeout=heartbeat_timeout(manager.longest_job),
        default_result="CONTINUE",
        opts=child,
    )
    return group


def _template(
    name: str,
    host: Host,
    profile_arn: pulumi.Output[str],
    security_group_id: pulumi.Output[str],
    boot: pulumi.Output[str],
    child: pulumi.ResourceOptions,
) -> aws.ec2.LaunchTemplate:
    return aws.ec2.LaunchTemplate(
        name,
        description=f"Runner host {name}",
        image_id=host.ami or newest_image(host.os, host.architecture),
        instance_type=host.instance_type,
        iam_instance_profile={"arn": profile_arn},
        vpc_security_group_ids=[security_group_id],
        # Its tags name the group, for whose lifecycle hook the host's drain asks.
        metadata_options={**METADATA_FOR_THE_HOST, "instance_metadata_tags": "enabled"},
        block_device_mappings=[encrypted_root(host.disk_gb, host.os)],
        user_data=boot.apply(lambda text: base64.b64encode(text.encode()).decode()),
        update_default_version=True,
        opts=child,
    )
