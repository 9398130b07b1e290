"""Fleets: how declarations are read, and which are refused."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config.forms import PERIOD, TIME_ZONE
from pulumi_gitlab_runner.spec import Problem
from pulumi_gitlab_runner.spec.fleets import Fleet, Idle, fleet_problems, parse_fleet, parse_manager_host
from pulumi_gitlab_runner.spec.inputs import Deferred

VPC = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}


def fleet(**fields: Any) -> Any:
    """The smallest fleet, with these fields added or replaced."""
    return {"instance_types": ["c7i.large"], "max_instances": 20} | fields


def test_the_defaults() -> None:
    built = parse_fleet(fleet())
    assert built == Fleet(
        instance_types=("c7i.large",),
        max_instances=20,
        jobs_per_instance=1,
        retire_after_jobs=None,
        idle=(Idle(("* * * * *",), "UTC", 0, 10),),
        on_demand_base=0,
        on_demand_percent=100,
        spot_allocation="price-capacity-optimized",
        disk_gb=100,
        ami=None,
        user="ec2-user",
        vpc=None,
        subnets=(),
        state_storage=False,
    )
    assert (built.jobs, built.architecture) == (20, "x86_64")


def test_everything_declared() -> None:
    idle = [{}, {"periods": ["* 8-17 * * mon-fri"], "timezone": "Europe/Berlin", "idle_count": 4}]
    declared = fleet(
        instance_types=["c7g.large", "m7g.large"],
        jobs_per_instance=2,
        retire_after_jobs=10,
        idle=idle,
        on_demand_base=1,
        on_demand_percent=25,
        **VPC,
    )
    built = parse_fleet(declared)
    assert built.jobs == 40
    assert built.architecture == "arm64"
    assert built.retire_after_jobs == 10
    assert built.idle == (Idle(), Idle(("* 8-17 * * mon-fri",), "Europe/Berlin", 4, 10))
    assert (built.on_demand_base, built.on_demand_percent) == (1, 25)
    assert (built.vpc, built.subnets) == (VPC["vpc"], tuple(VPC["subnets"]))


def test_the_managers_host_is_small_and_in_the_subnets_of_its_workers() -> None:
    host = parse_manager_host(fleet(jobs_per_instance=3, **VPC))
    assert (host.instance_type, host.disk_gb, host.concurrent) == ("t3.small", 30, 60)
    assert (host.vpc, host.subnets) == (VPC["vpc"], tuple(VPC["subnets"]))


def test_the_managers_host_may_be_declared() -> None:
    host = parse_manager_host(fleet(manager={"instance_type": "t4g.small", "disk_gb": 40}))
    assert (host.instance_type, host.disk_gb, host.concurrent) == ("t4g.small", 40, 20)


PROBLEMS: dict[str, tuple[dict[str, Any], Problem]] = {
    "no instance": ({"max_instances": 0}, Problem("f.max_instances", "0", "1 or more")),
    "no room on an instance": ({"jobs_per_instance": 0}, Problem("f.jobs_per_instance", "0", "1 or more")),
    "retired before the first job": (
        {"retire_after_jobs": 0},
        Problem("f.retire_after_jobs", "0", "1 or more"),
    ),
    "no instance type": (
        {"instance_types": []},
        Problem("f.instance_types", "an empty list", "at least one instance type, such as c7i.large"),
    ),
    "a wrong instance type": (
        {"instance_types": ["c7i.large", "large"]},
        Problem(
            "f.instance_types[1]",
            "'large'",
            "a family and a size of EC2, such as m6i.large",
            "add a family, such as m6i.large",
        ),
    ),
    "two architectures": (
        {"instance_types": ["c7i.large", "c7g.large", "m7g.large"]},
        Problem(
            "f.instance_types",
            "c7g.large (arm64), c7i.large (x86_64)",
            "types of one architecture",
            "declare one runner for each architecture",
        ),
    ),
    "less on demand than nothing": ({"on_demand_base": -1}, Problem("f.on_demand_base", "-1", "0 or more")),
    "more on demand than all": (
        {"on_demand_percent": 101},
        Problem("f.on_demand_percent", "101", "0 to 100"),
    ),
    "an unknown allocation": (
        {"spot_allocation": "capacity-optimised"},
        Problem(
            "f.spot_allocation",
            "'capacity-optimised'",
            "price-capacity-optimized, capacity-optimized, capacity-optimized-prioritized, lowest-price",
            "did you mean 'capacity-optimized'?",
        ),
    ),
    "more idle than there is room": (
        {"max_instances": 3, "jobs_per_instance": 2, "idle": [{}, {"idle_count": 7}]},
        Problem("f.idle[1].idle_count", "7", "6 at most: 'max_instances' times 'jobs_per_instance'"),
    ),
    "idle for no time": (
        {"idle": [{"idle_minutes": 0}]},
        Problem("f.idle[0].idle_minutes", "0", "1 or more"),
    ),
    "never idle": (
        {"idle": [{"periods": []}]},
        Problem("f.idle[0].periods", "an empty list", "at least one period; without the key, always"),
    ),
    "no period": (
        {"idle": [{"periods": ["* * * * *", "@daily"]}]},
        Problem("f.idle[0].periods[1]", "'@daily'", PERIOD.allowed),
    ),
    "no time zone": (
        {"idle": [{"timezone": "CEST"}]},
        Problem("f.idle[0].timezone", "'CEST'", TIME_ZONE.allowed),
    ),
    "a small disk": ({"disk_gb": 8}, Problem("f.disk_gb", "8", "20 or more")),
    "subnets without their VPC": (
        {"subnets": VPC["subnets"]},
        Problem("f", "only one of 'vpc' and 'subnets'", "both or neither", "the subnets belong to the VPC"),
    ),
    "a user of no image": (
        {"user": "ubuntu"},
        Problem("f.user", "a user, with no 'ami'", "'user' together with 'ami'"),
    ),
    "a user that is none": (
        {"ami": "ami-0123456789abcdef0", "user": "a b; c"},
        Problem("f.user", "'a b; c'", "the name of a user: a-z, 0-9, '_' and '-'"),
    ),
    "jobs counted on the manager": (
        {"manager": {"concurrent": 4}},
        Problem(
            "f.manager.concurrent",
            "4",
            "no 'concurrent'",
            "it follows from the fleet: 'max_instances' times 'jobs_per_instance'",
        ),
    ),
    "a manager elsewhere": (
        {"manager": VPC},
        Problem(
            "f.manager.vpc",
            "'vpc-0123456789abcdef0'",
            "the VPC of the fleet",
            "only the manager's security group can connect to the instances: set 'vpc' of the fleet",
        ),
    ),
    "a wrong manager": (
        {"manager": {"disk_gb": 8}},
        Problem("f.manager.disk_gb", "8", "20 or more"),
    ),
    "an old runner": (
        {"manager": {"runner_version": "17.0.0"}},
        Problem(
            "f.manager.runner_version",
            "'17.0.0'",
            "runner 17.1 or newer",
            "older releases have no docker-autoscaler executor",
        ),
    ),
}


@pytest.mark.parametrize(("fields", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_a_bad_fleet_is_refused(fields: dict[str, Any], problem: Problem) -> None:
    assert list(fleet_problems(fleet(**fields), "f")) == [problem]


@pytest.mark.parametrize(
    "fields",
    [
        VPC,
        {**VPC, "manager": VPC},
        {**VPC, "manager": {**VPC, "vpc": Deferred("f.manager.vpc", None)}},
        {**VPC, "vpc": Deferred("f.vpc", None), "manager": VPC},
    ],
)
def test_a_manager_may_be_in_the_vpc_of_its_fleet_or_in_one_that_is_known_later(
    fields: dict[str, Any],
) -> None:
    assert list(fleet_problems(fleet(**fields), "f")) == []


def test_the_first_release_with_an_executor_for_fleets_is_accepted() -> None:
    assert list(fleet_problems(fleet(manager={"runner_version": "17.1.0"}), "f")) == []
