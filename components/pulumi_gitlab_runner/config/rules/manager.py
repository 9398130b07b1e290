"""Rules across all runners of a manager."""

import re
from collections.abc import Iterator

from pulumi_gitlab_runner.config.finding import Finding, error, warning
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.runner import RunnerConfig

# The runner's common/labels.go.
_MAXIMUM_LABELS = 32
_LABEL_KEY = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{2,64}")
_LABEL_VALUE = re.compile(r"[a-zA-Z0-9._-]{1,256}")


def check_manager(config: ManagerConfig) -> Iterator[Finding]:
    """Find conflicts between the runners of one manager."""
    runners = config.get("runners", [])
    yield from _concurrency(config.get("concurrent", 1), runners)
    yield from _same_token(runners)
    yield from _same_group(runners)
    yield from _labels(config.get("labels", {}), "labels")
    for index, runner in enumerate(runners):
        path = f"runners[{index}].labels"
        yield from _labels(runner.get("labels", {}), path)
        if len({**config.get("labels", {}), **runner.get("labels", {})}) > _MAXIMUM_LABELS:
            yield error(path, "too many labels", f"allowed are {_MAXIMUM_LABELS}, the manager's included")


def _concurrency(concurrent: int, runners: list[RunnerConfig]) -> Iterator[Finding]:
    if 1 <= concurrent < len(runners):
        yield warning(
            "concurrent",
            f"{concurrent:g} at a time is less than a job for each of {len(runners)} runners; some starve",
            f"set it to {len(runners)} or more",
        )
    for index, runner in enumerate(runners):
        limit = runner.get("limit", 0)
        if limit > concurrent:
            yield warning(
                f"runners[{index}].limit",
                f"{limit:g} jobs are more than `concurrent` lets the whole manager run, {concurrent:g}",
                f"raise `concurrent` to {limit:g}, or lower `limit`",
            )
        autoscaler = runner.get("autoscaler", {})
        slots = autoscaler.get("max_instances", 0) * max(autoscaler.get("capacity_per_instance", 1), 1)
        for key, jobs in (("concurrent", concurrent), (f"runners[{index}].limit", limit or slots)):
            if jobs < slots:
                yield warning(
                    key,
                    f"at {jobs:g} at a time, runners[{index}] has instances without work: there is room for "
                    f"{slots:g} jobs (`max_instances` times `capacity_per_instance`)",
                    f"raise it to {slots:g} or more, or lower `max_instances`",
                )


def _same_token(runners: list[RunnerConfig]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, runner in enumerate(runners):
        token = runner.get("token", "")
        if token and first.setdefault(token, index) != index:
            yield error(
                f"runners[{index}].token",
                f"the token is that of runners[{first[token]}], and the two would share their state",
                "register a separate runner in GitLab",
            )


def _same_group(runners: list[RunnerConfig]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, runner in enumerate(runners):
        group = str(runner.get("autoscaler", {}).get("plugin_config", {}).get("name", ""))
        if group and first.setdefault(group, index) != index:
            yield error(
                f"runners[{index}].autoscaler.plugin_config.name",
                f"the group `{group}` is that of runners[{first[group]}], which would end its instances",
                "give each runner a separate group",
            )


def _labels(labels: dict[str, str], path: str) -> Iterator[Finding]:
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key):
            yield error(
                f"{path}.{key}",
                "the name of the label is not valid",
                "allowed are 3 to 65 letters, digits, `.`, `_` and `-`, the first a letter, a digit or `_`",
            )
        if not _LABEL_VALUE.fullmatch(value):
            yield error(
                f"{path}.{key}",
                "the value of the label is not valid",
                "allowed are 1 to 256 letters, digits, `.`, `_` and `-`",
            )
