"""The observability of a runner host: its log group, its alarm, and the access to its metrics."""

# Types are not looked up before they are used: CloudWatch's take long to load, and few stacks need them.
from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.existing import unless_log_group
from pulumi_gitlab_runner.aws.heartbeat_alarm import heartbeat_alarm
from pulumi_gitlab_runner.aws.host_network import vpc_range
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.resolution import given
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.observation import METRICS_PORT, Logs


def log_group(
    name: str,
    logs: Logs,
    path: str,
    key_arn: pulumi.Input[str] | None,
    tags: AwsTags,
    parent: pulumi.Resource,
) -> aws.cloudwatch.LogGroup:
    """A log group.

    Args:
        name: of the resource.
        logs: how long they are kept, and under which key.
        path: the group's name in CloudWatch.
        key_arn: the key where `logs` names none; without either, that of CloudWatch Logs.
        tags: of the group.
        parent: the component that it belongs to.
    """
    return aws.cloudwatch.LogGroup(
        name,
        name=path,
        retention_in_days=logs.retention_days,
        kms_key_id=key_arn if logs.kms_key is None else given(logs.kms_key),
        tags=tag_inputs(tags),
        opts=pulumi.ResourceOptions(parent=parent, hooks=unless_log_group(name, parent)),
    )


def log_group_arn(group: aws.cloudwatch.LogGroup, environment: Environment) -> pulumi.Output[str]:
    """The ARN of a log group, by its name, so that a preview can show policies for it.

    Args:
        group: the group.
        environment: where it is.
    """
    return pulumi.Output.all(group.name, environment).apply(
        lambda known: (
            f"arn:{known[1].partition}:logs:{known[1].region}:{known[1].account}:log-group:{known[0]}"
        )
    )


def health_alarm(
    name: str,
    label: str,
    topic: pulumi.Input[str],
    host: str,
    tags: AwsTags,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
) -> aws.cloudwatch.MetricAlarm:
    """The alarm of a host that has not reported for 15 minutes that it works, for any reason.

    Args:
        name: of the alarm.
        label: what the host is called.
        topic: the ARN of the SNS topic that is notified.
        host: under which name it reports.
        tags: of the alarm.
        parent: the component that it belongs to.
        after: what is made first: the group, whose first host reports before it is in service.
    """
    return heartbeat_alarm(
        name,
        f"No runner host {label} has had a working gitlab-runner and Docker for 15 minutes",
        topic,
        metric="Healthy",
        dimensions={"Host": host},
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
    """The rule that lets a host's VPC read the runner's metrics.

    Args:
        name: of the rule.
        vpc_id: the host's VPC.
        security_group_id: the host's security group.
        tags: of the rule.
        parent: the component that it belongs to.
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
