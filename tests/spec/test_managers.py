"""The settings that a manager derives from its runners together."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.managers import Manager

from tests.spec.declaration import declaration

FLEET = {"instance_types": ["c7i.large"], "max_instances": 2}


def managed(*runners: dict[str, Any], **stack: Any) -> Manager:
    """The manager of the runners `first`, `second` and so on, which share the first one's machine."""
    names = ("first", "second", "third")
    declared = {
        name: {"group": 42, **({} if name == "first" else {"host_of": "first"}), **each}
        for name, each in zip(names, runners, strict=False)
    }
    (manager,) = parse_stack({**stack, "runners": declared}).managers.values()
    return manager


@pytest.mark.parametrize(
    ("longest", "seconds"),
    [
        ((None, None), 7200),
        ((600, None), 7200),
        ((600, 900), 900),
        ((None, 7201), 7201),
        ((10800, 600), 10800),
    ],
)
def test_the_longest_job_of_its_runners(longest: tuple[int | None, ...], seconds: int) -> None:
    runners = [{} if each is None else {"maximum_timeout": each} for each in longest]
    assert managed({"host": {}, **runners[0]}, runners[1]).longest_job == seconds


@pytest.mark.parametrize(
    ("configs", "ipv6"),
    [
        (({}, {}), False),
        (({"docker": {"enable_ipv6": False}}, {}), False),
        (({}, {"docker": {"enable_ipv6": True}}), True),
    ],
)
def test_one_runner_with_ipv6_is_enough(configs: tuple[Any, ...], *, ipv6: bool) -> None:
    assert managed({"host": {}, "config": configs[0]}, {"config": configs[1]}).ipv6 is ipv6


def test_each_runner_has_its_own_prefix_in_the_cache_unless_it_is_shared() -> None:
    host: Any = {"host": {}}
    assert managed(host, {}).cache_prefixes == ()
    assert managed(host, {}, cache={}).cache_prefixes == ("runners/first", "runners/second")
    assert managed(host, {}, cache={"shared": True}).cache_prefixes == ("shared",)
    renamed = managed(host | {"renamed_from": "old"}, {}, cache={})
    assert renamed.cache_prefixes == ("runners/old", "runners/second")
    assert renamed.resource_name == "old"


def test_jobs_run_on_the_host_unless_there_is_a_fleet() -> None:
    assert managed({"host": {"concurrent": 3}}).jobs_on_host == 3
    assert managed({"fleet": FLEET}).jobs_on_host == 0


def test_every_registry_and_image_is_listed_once() -> None:
    declared = declaration()
    runners = declared["runners"]
    runners["build"] |= {"registries": ["team", "legacy"], "services": [{"name": "redis:7"}]}
    runners["second"] = {
        "group": 1,
        "host_of": "build",
        "registries": ["legacy", "shared"],
        "image": "redis:7",
    }
    (manager,) = parse_stack(declared).managers.values()
    assert manager.registries == ("team", "legacy", "shared")
    assert manager.images == manager.pinned_images == ("team/ci/base:2026.11", "redis:7")
