"""The `[runners.autoscaler]` section of a runner with a fleet."""

from pulumi_gitlab_runner.config.autoscaler import AutoscalerConfig, AutoscalerPolicyConfig
from pulumi_gitlab_runner.spec.fleets import Fleet, Idle

PLUGIN = "aws:1.1.0"
"""The fleeting plugin of AWS: registry.gitlab.com/gitlab-org/fleeting/plugins/aws."""


def autoscaler_config(fleet: Fleet, group: str) -> AutoscalerConfig:
    """The `[runners.autoscaler]` section for a fleet.

    Args:
        fleet: the fleet.
        group: the name of the fleet's Auto Scaling group.
    """
    config: AutoscalerConfig = {
        "plugin": PLUGIN,
        "capacity_per_instance": fleet.jobs_per_instance,
        "max_instances": fleet.max_instances,
        # Without stored state, a manager that starts terminates all existing instances.
        "delete_instances_on_shutdown": not fleet.state_storage,
        "instance_ready_command": _ready_command(fleet),
        "plugin_config": {"name": group},
        "connector_config": {"username": fleet.user, "use_external_addr": False},
        "policy": [_policy(each) for each in fleet.idle],
    }
    if fleet.retire_after_jobs:
        config["max_use_count"] = fleet.retire_after_jobs
    if fleet.state_storage:
        config["state_storage"] = {"enabled": True}
    return config


def _ready_command(fleet: Fleet) -> str:
    """The command that succeeds when an instance has booted and its user can use Docker.

    The session that runs it may be older than the user's membership in the group docker, hence sudo.
    """
    return f"cloud-init status --wait && sudo -u {fleet.user} docker info"


def _policy(idle: Idle) -> AutoscalerPolicyConfig:
    return {
        "periods": list(idle.periods),
        "timezone": idle.timezone,
        "idle_count": idle.idle_count,
        "idle_time": f"{idle.idle_minutes}m0s",
    }
