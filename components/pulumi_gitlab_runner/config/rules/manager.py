"""Rules across all runners of a manager."""

import re
from collections.abc import Iterator
from typing import Any

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
    yield from _duplicates(
        [runner.get("token", "") for runner in runners],
        "token",
        "the token is that of {first}, and the two would share their state",
        "register a separate runner in GitLab",
    )
    yield from _duplicates(
        [runner.get("autoscaler", {}).get("plugin_config", {}).get("name", "") for runner in runners],
        "autoscaler.plugin_config.name",
        "the group `{value}` is that of {first}, which would end its instances",
        "give each runner a separate group",
    )
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
            f"{concurrent:g} is less than one job for each of {len(runners)} runners: some can remain "
            "without jobs",
            f"set it to {len(runners)} or more",
        )
    for index, runner in enumerate(runners):
        limit = runner.get("limit", 0)
        if limit > concurrent:
            yield warning(
                f"runners[{index}].limit",
                f"{limit:g} jobs exceed `concurrent`, the limit of the whole manager, {concurrent:g}",
                f"increase `concurrent` to {limit:g}, or lower `limit`",
            )
        autoscaler = runner.get("autoscaler", {})
        slots = autoscaler.get("max_instances", 0) * max(autoscaler.get("capacity_per_instance", 1), 1)
        for key, jobs in (("concurrent", concurrent), (f"runners[{index}].limit", limit or slots)):
            if jobs < slots:
                yield warning(
                    key,
                    f"a limit of {jobs:g} leaves instances of runners[{index}] without jobs: they have "
                    f"capacity for {slots:g} jobs (`max_instances` times `capacity_per_instance`)",
                    f"increase it to {slots:g} or more, or lower `max_instances`",
                )


def _duplicates(values: list[Any], key: str, found: str, fix: str) -> Iterator[Finding]:
    """Find values of a key that another runner has too."""
    first: dict[str, str] = {}
    for index, value in enumerate(map(str, values)):
        runner = f"runners[{index}]"
        if value and first.setdefault(value, runner) != runner:
            yield error(f"{runner}.{key}", found.format(value=value, first=first[value]), fix)


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
