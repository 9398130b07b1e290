"""Rules within `[runners.autoscaler]`."""

import re
from collections.abc import Iterator

from pulumi_gitlab_runner.config.finding import Finding, error, warning
from pulumi_gitlab_runner.config.forms import DURATION, duration_seconds
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.runner_version import RunnerVersion

# The AWS plugin by name, image reference or path of its program.
_AWS_PLUGIN = re.compile(r"(.*/)?(aws|fleeting-plugin-aws)(:.*)?")
_PLUGINS_AS_IMAGES = RunnerVersion(16, 11)


def check_autoscaler(runner: RunnerConfig, path: str, version: RunnerVersion) -> Iterator[Finding]:
    """Find settings that prevent the start of instances, or keep them running forever."""
    autoscaler = runner.get("autoscaler")
    if autoscaler is None:
        return
    path = f"{path}.autoscaler"
    plugin = autoscaler.get("plugin", "")
    if not plugin:
        yield error(
            f"{path}.plugin", "the key is missing or empty", "name a fleeting plugin, such as `aws:1`"
        )
    elif ":" in plugin and version < _PLUGINS_AS_IMAGES:
        yield error(
            f"{path}.plugin",
            f"GitLab Runner {version} cannot install `{plugin}`",
            f"name a program on its PATH, or declare runner version {_PLUGINS_AS_IMAGES} or later",
        )
    if _AWS_PLUGIN.fullmatch(plugin):
        settings = autoscaler.get("plugin_config", {})
        if not settings.get("name"):
            yield error(
                f"{path}.plugin_config.name", "the key is missing or empty", "name the Auto Scaling group"
            )
        if "region" in settings:
            yield warning(
                f"{path}.plugin_config.region",
                "some versions of the AWS plugin ignore the region here",
                "set `AWS_REGION` in the environment of the manager's unit",
            )
    if autoscaler.get("max_instances", 0) <= 0:
        yield warning(f"{path}.max_instances", "the number of instances has no limit", "set a limit")
    if autoscaler.get("state_storage", {}).get("enabled") and "id" not in runner:
        yield warning(
            f"{path}.state_storage",
            "the state of instances is stored under the `id` of the runner, which is not set",
            "set `id` of the runner",
        )
    for index, policy in enumerate(autoscaler.get("policy", [])):
        idle_time = policy.get("idle_time", "1s")
        if DURATION.accepts(idle_time) and duration_seconds(idle_time) < 1:
            yield error(
                f"{path}.policy[{index}].idle_time", f"`{idle_time}` is too short", "allowed is `1s` or more"
            )
