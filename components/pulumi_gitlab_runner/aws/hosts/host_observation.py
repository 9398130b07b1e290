"""Observability of a runner host: its alarms, and access to its metrics."""

# Annotations are not evaluated: the CloudWatch types take long to import, and few stacks need them.
from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.network.host_network import vpc_range
from pulumi_gitlab_runner.aws.observation import heartbeat_alarm
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.observation import HEALTH_DIMENSION, HEALTH_METRIC, METRICS_PORT


def host_alarms(
    name: str,
    label: str,
    topic: pulumi.Input[str],
    host: str,
    tags: AwsTags,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
) -> None:
    """The alarms of a host: one goes into ALARM when the host has not reported its health for 15 minutes.

    Args:
        name: the resource name of the alarm.
        label: the physical name of the host.
        topic: the ARN of the SNS topic that is notified.
        host: the value of the metric's dimension `HEALTH_DIMENSION`.
        tags: the tags of the alarm.
        parent: the parent of the resource.
        after: resources to create first: the group, whose first host reports before it is in service.
    """
    heartbeat_alarm(
        name,
        f"No runner host {label} has had a working gitlab-runner and Docker for 15 minutes",
        topic,
        metric=HEALTH_METRIC,
        dimensions={HEALTH_DIMENSION: host},
        period=300,
        periods=3,
        tags=tags,
        parent=parent,
        after=after,
    )


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
    return aws.vpc.SecurityGroupIngressRule(
        f"{name}-metrics",
        security_group_id=security_group_id,
        description="Metrics of the runner, for the VPC",
        cidr_ipv4=vpc_range(vpc_id, parent),
        ip_protocol="tcp",
        from_port=METRICS_PORT,
        to_port=METRICS_PORT,
        tags=tag_inputs(tags),
        opts=pulumi.ResourceOptions(parent=parent),
    )
