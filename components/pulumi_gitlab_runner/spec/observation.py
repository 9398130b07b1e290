"""The observability of a runner host: logs, alarms and metrics."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.aws_environment import kms_key_problems
from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, model_of, strict
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed
from pulumi_gitlab_runner.spec.regions import arn_problems

METRIC_NAMESPACE = "GitLabRunner"
"""The CloudWatch namespace of the metrics of hosts and functions."""
HEALTH_METRIC, HEALTH_DIMENSION = "Healthy", "Host"
"""The metric that a host reports while gitlab-runner and Docker work, and its dimension, the host's name."""
RENEWAL_METRIC, RENEWAL_DIMENSION = "Renewed", "Renewal"
"""The metric that a function reports after it has renewed all credentials, and its dimension, its name."""

METRICS_PORT = 9252
"""The port that Prometheus' list of ports allocates to GitLab Runner: docs.gitlab.com/runner/monitoring."""
METRICS = {"loopback": f"127.0.0.1:{METRICS_PORT}", "vpc": f"0.0.0.0:{METRICS_PORT}"}
"""The values of `metrics`, each with the `listen_address` of the runner."""

_RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The retention periods in days: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference
/API_PutRetentionPolicy.html."""
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")


@strict
class LogsDeclaration(TypedDict):
    """Logs in CloudWatch Logs: the journal of a host, or the log of a function."""

    retention_days: NotRequired[int]
    """The retention in days, one that CloudWatch Logs supports: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180,
    365 and longer. Default 30."""
    kms_key: NotRequired[Input[str]]
    """The ARN of a KMS key that encrypts the logs, and that CloudWatch Logs may use. Default: the stack's
    key; for a single component, the default encryption of CloudWatch Logs."""


@strict
class AlarmsDeclaration(TypedDict):
    """Alarms in CloudWatch, which notify an SNS topic."""

    topic: Input[str]
    """The ARN of the SNS topic, which is notified of `ALARM` and of `OK` states."""


@dataclass(frozen=True)
class Logs:
    """Logs in CloudWatch Logs, with the defaults filled in."""

    retention_days: int = 30
    kms_key: Value[str] | None = None


def parse_logs(declaration: LogsDeclaration) -> Logs:
    """The logs that a valid declaration describes."""
    return model_of(Logs, declaration)


def logs_problems(declaration: LogsDeclaration, path: str) -> Iterator[Problem]:
    """The problems of the retention and the key of logs."""
    days = declaration.get("retention_days", Logs.retention_days)
    if days not in _RETENTIONS:
        yield Problem(join_path(path, "retention_days"), str(days), f"one of {listed(map(str, _RETENTIONS))}")
    yield from check_key(declaration, "kms_key", path, kms_key_problems)


def alarms_problems(declaration: AlarmsDeclaration, path: str) -> Iterator[Problem]:
    """The problems of the SNS topic of alarms."""
    example = "the ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:alarms"
    return check_key(declaration, "topic", path, arn_problems, _TOPIC, example)
