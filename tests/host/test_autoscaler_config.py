"""The section of config.toml that gives a runner its fleet."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config.autoscaler import AutoscalerConfig
from pulumi_gitlab_runner.host.autoscaler_config import autoscaler_config
from pulumi_gitlab_runner.spec.fleets import parse_fleet


def config(**fields: Any) -> AutoscalerConfig:
    """The section of a fleet with these fields."""
    declared: Any = {"instance_types": ["c7i.large"], "max_instances": 20} | fields
    return autoscaler_config(parse_fleet(declared), "ci-prod-burst")


def test_the_smallest_fleet() -> None:
    assert config() == {
        "plugin": "aws:1.1.0",
        "capacity_per_instance": 1,
        "max_instances": 20,
        "delete_instances_on_shutdown": True,
        "instance_ready_command": "cloud-init status --wait && sudo -u ec2-user docker info",
        "plugin_config": {"name": "ci-prod-burst"},
        "connector_config": {"username": "ec2-user", "use_external_addr": False},
        "policy": [{"periods": ["* * * * *"], "timezone": "UTC", "idle_count": 0, "idle_time": "10m0s"}],
    }


def test_schedules_keep_their_order() -> None:
    day = {
        "periods": ["* 8-17 * * mon-fri"],
        "timezone": "Europe/Berlin",
        "idle_count": 4,
        "idle_minutes": 90,
    }
    assert config(idle=[{"idle_minutes": 5}, day])["policy"] == [
        {"periods": ["* * * * *"], "timezone": "UTC", "idle_count": 0, "idle_time": "5m0s"},
        {
            "periods": ["* 8-17 * * mon-fri"],
            "timezone": "Europe/Berlin",
            "idle_count": 4,
            "idle_time": "90m0s",
        },
    ]


def test_state_storage_keeps_instances_at_shutdown() -> None:
    kept = config(state_storage=True)
    assert kept["state_storage"] == {"enabled": True}
    assert kept["delete_instances_on_shutdown"] is False


def test_a_custom_image_has_its_own_user() -> None:
    own = config(ami="ami-0123456789abcdef0", user="ubuntu")
    assert own["connector_config"]["username"] == "ubuntu"
    assert own["instance_ready_command"] == "cloud-init status --wait && sudo -u ubuntu docker info"


@pytest.mark.parametrize(
    ("declared", "key", "value"),
    [("jobs_per_instance", "capacity_per_instance", 3), ("retire_after_jobs", "max_use_count", 1)],
)
def test_fields_have_the_names_of_the_runner(declared: str, key: str, value: int) -> None:
    section: Any = config(**{declared: value})
    assert section[key] == value
