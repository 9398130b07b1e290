"""Checks of the config.toml and the job networks that result from a declaration."""

import re
from collections.abc import Iterator

from pulumi_gitlab_runner.config.check import check
from pulumi_gitlab_runner.config.finding import Finding, Severity, error, warning
from pulumi_gitlab_runner.config.job_isolation import isolation_warnings
from pulumi_gitlab_runner.host.docker_daemon import (
    DOCKERS_OWN_NETWORKS,
    job_network_size,
    networks_needed,
)
from pulumi_gitlab_runner.host.manager_config import manager_config
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.egress import EVERYWHERE
from pulumi_gitlab_runner.spec.fleets import Fleet
from pulumi_gitlab_runner.spec.hosts import Host
from pulumi_gitlab_runner.spec.inputs import Deferred, Value, deferred_in, substituted
from pulumi_gitlab_runner.spec.job_networks import Met, overlap_problems
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path, listed
from pulumi_gitlab_runner.spec.stack import GITLAB_COM, Stack

_ENTRY = re.compile(r"runners\[(?P<index>\d+)\]\.?(?P<key>.*)")
_BESIDE_CONFIG = re.compile(r"(?:docker\.)?(?P<place>(?:limit|image|services)(?:\W.*)?)")
"""Keys of a `[[runners]]` section that a runner declares outside of `config`."""
_ANYWHERE = AwsEnvironment("000000000000", "eu-west-1")
"""A placeholder: the AWS environment of a stack affects only the hosts of images in config.toml."""
_LATER = "known=later"
"""The placeholder for an Output, which each rule for config.toml accepts; see `check_resolved`."""


def check_manager_configs(stack: Stack, path: str = "stack") -> list[Finding]:
    """Check the config.toml of every manager against the runner version on its host.

    Args:
        stack: the declaration.
        path: the prefix of the paths of problems.

    Returns:
        The warnings.

    Raises:
        DeclarationError: the runner ignores or refuses a setting, or fails with it.
    """
    findings = list(_findings(stack, path))
    errors = [each for each in findings if each.severity is Severity.ERROR]
    if errors:
        raise DeclarationError(Problem(each.path, each.found, "", each.fix) for each in errors)
    return findings


def check_resolved(before: Stack, stack: Stack, path: str) -> None:
    """Check a declaration with Outputs again when they are known.

    Args:
        before: the stack with its handles.
        stack: the resolved stack.
        path: the prefix of the paths of problems.

    Raises:
        DeclarationError: the runner ignores or refuses a setting, or fails with it.
    """
    if next(deferred_in(before.managers), None) is not None:
        check_manager_configs(stack, path)


def _findings(stack: Stack, path: str) -> Iterator[Finding]:
    declared = stack.managers
    stack = substituted(stack, lambda _: _LATER)
    for manager in stack.managers.values():
        # Any IDs: the rules check only whether a runner has one.
        runner_ids = {each.name: number for number, each in enumerate(manager.runners, 1)}
        registries = stack.registries_of(manager)
        inputs = ManagerInputs(manager, registries, _ANYWHERE, GITLAB_COM, runner_ids=runner_ids)
        config = manager_config(inputs)
        found = check(config, manager.host.runner_version)
        for index, runner in enumerate(config["runners"]):
            found += isolation_warnings(runner, f"runners[{index}]")
        for each in found:
            place = declared_path(each.path, manager, join_path(path, "runners"))
            yield Finding(each.severity, place, each.found, each.fix)
        yield from _shared_registries(manager, join_path(path, "runners"))
        yield from _protected_beside_others(manager, join_path(path, "runners"))
        yield from _job_networks(declared[manager.name], join_path(path, "runners", manager.name))


def _job_networks(manager: Manager, path: str) -> Iterator[Finding]:
    """Find ranges that are too small for the concurrent jobs, and destinations within job networks.

    A range that is an Output is checked when it is known: see `check_resolved`.
    """
    host, fleet = manager.host, manager.fleet
    needed = networks_needed(host.concurrent)
    if host.docker and needed > DOCKERS_OWN_NETWORKS:
        yield warning(
            join_path(path, "host", "concurrent"),
            f"{host.concurrent} jobs at a time, with a network each, for which the Docker host needs "
            f"room for {needed}: Docker has it for about {DOCKERS_OWN_NETWORKS} by default",
            "add default-address-pools to the host's /etc/docker/daemon.json",
        )
    yield from _egress(host, join_path(path, *(("fleet", "manager") if fleet else ("host",))))
    if fleet:
        yield from _egress(fleet, join_path(path, "fleet"))
        at = join_path(path, "fleet", "jobs_per_instance")
        yield from _room(fleet.jobs_per_instance, fleet.job_networks, at)
    else:
        yield from _room(host.concurrent, host.job_networks, join_path(path, "host", "concurrent"))


def _egress(machine: Host | Fleet, path: str) -> Iterator[Finding]:
    """Find declared destinations of a machine's connections that overlap with its job networks."""
    for index, rule in enumerate(machine.egress):
        met = Met("", rule.cidr or "", join_path(path, "egress", index, "cidr"))
        if rule.cidr is None or machine.job_networks is None or rule.cidr == EVERYWHERE:
            continue
        for problem in overlap_problems(machine.job_networks, [met], path):
            yield warning(problem.path, problem.found, problem.fix)


def _room(jobs: int, job_networks: Value[str] | None, path: str) -> Iterator[Finding]:
    if job_networks is None or isinstance(job_networks, Deferred):
        return
    if job_network_size(jobs, job_networks) is None:
        yield error(
            path,
            f"{jobs} jobs at a time, with a network each: {job_networks} has no room for that many",
            "run fewer jobs on one host, and more hosts; or declare a larger range, 'job_networks'",
        )


def _shared_registries(manager: Manager, path: str) -> Iterator[Finding]:
    """Find undeclared registries of a runner that its jobs can pull from through the shared manager."""
    for runner in manager.runners:
        others = [name for name in manager.registries if name not in runner.registries]
        if others:
            yield warning(
                join_path(path, runner.name, "registries"),
                f"its jobs can also pull from {listed(others)}: a manager pulls with one identity for all of "
                f"its runners, here {listed(each.name for each in manager.runners)}",
                "use a separate host for the runner, unless its jobs can have access to these",
            )


def _protected_beside_others(manager: Manager, path: str) -> Iterator[Finding]:
    """Find protected runners whose jobs share a machine with jobs of unprotected branches."""
    others = [each.name for each in manager.runners if not each.registration.protected]
    for runner in manager.runners:
        if runner.registration.protected and others:
            yield warning(
                join_path(path, runner.name, "protected"),
                f"true, but the host also runs jobs of unprotected branches, for {listed(others)}",
                "use a separate host for the runner: the jobs of a host share its Docker Engine and its disk",
            )


def declared_path(place: str, manager: Manager, path: str) -> str:
    """The path in the declaration of a path in a manager's config.toml.

    Args:
        place: the path in config.toml, such as `runners[0].docker.image`.
        manager: the manager.
        path: the path of the runners in the declaration, such as `stack.runners`.
    """
    entry = _ENTRY.fullmatch(place)
    if entry is None:
        host = join_path(path, manager.name, *(("fleet", "manager") if manager.fleet else ("host",)))
        return f"{host}.{place}" if place == "concurrent" else f"{host}.config.{place}"
    runner = join_path(path, manager.runners[int(entry["index"])].name)
    key = entry["key"]
    if key.startswith("autoscaler.state_storage") and manager.fleet:
        return f"{runner}.fleet.state_storage"
    if beside := _BESIDE_CONFIG.fullmatch(key):
        return f"{runner}.{beside['place']}"
    return f"{runner}.config.{key}" if key else runner
