"""Checks of the configuration that a runner would read; each finding has its path in the declaration."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config.finding import Finding, Severity
from pulumi_gitlab_runner.host.check import check_manager_configs, check_resolved, declared_path
from pulumi_gitlab_runner.spec import DeclarationError, parse_stack

from tests.spec.declaration import changed, declaration, output


def findings(declared: Any) -> list[Finding]:
    """The findings of a declaration."""
    return check_manager_configs(parse_stack(declared))


def sharing(**second: Any) -> Any:
    """The good declaration, with a second runner on the host of the first."""
    registries = declaration()["runners"]["build"]["registries"]
    return changed("runners/second", {"group": 42, "host_of": "build", "registries": registries, **second})


def test_a_good_declaration_has_no_findings() -> None:
    assert findings(declaration()) == []
    assert findings(sharing()) == []


def test_jobs_can_pull_from_the_registries_of_a_runner_that_shares_the_manager() -> None:
    (found,) = findings(sharing(registries=["team"]))
    assert found == Finding(
        Severity.WARNING,
        "stack.runners.second.registries",
        "its jobs can also pull from shared, legacy: a manager pulls with one identity for all of its "
        "runners, here build, second",
        "use a separate host for the runner, unless its jobs can have access to these",
    )


def test_a_protected_runner_beside_an_unprotected_one() -> None:
    (found,) = findings(sharing(protected=True))
    assert found == Finding(
        Severity.WARNING,
        "stack.runners.second.protected",
        "true, but the host also runs jobs of unprotected branches, for build",
        "use a separate host for the runner: the jobs of a host share its Docker Engine and its disk",
    )


def test_a_limit_above_that_of_the_host() -> None:
    (found,) = findings(sharing(limit=5))
    assert (found.severity, found.path) == (Severity.WARNING, "stack.runners.second.limit")


def test_more_jobs_than_there_are_networks() -> None:
    with pytest.raises(DeclarationError) as refused:
        findings(changed("runners/build/host", {"concurrent": 2048}))
    assert "stack.runners.build.host.concurrent" in str(refused.value)
    assert "192.168.0.0/16 has no room for that many" in str(refused.value)
    assert findings(changed("runners/build/host", {"concurrent": 2047})) == []


@pytest.mark.parametrize(("concurrent", "fits"), [(7, True), (8, False)])
def test_a_custom_range_limits_the_number_of_jobs(concurrent: int, fits: bool) -> None:
    declared = changed("runners/build/host", {"concurrent": concurrent, "job_networks": "10.9.0.0/24"})
    if fits:
        assert findings(declared) == []
    else:
        with pytest.raises(
            DeclarationError, match=r"host\.concurrent(.|\n)*10\.9\.0\.0/24 has no room for that many"
        ):
            findings(declared)


def test_egress_to_the_range_of_job_networks() -> None:
    rules = [
        {"cidr": cidr, "from_port": 443}
        for cidr in ("0.0.0.0/0", "10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12")
    ]
    (found,) = findings(changed("runners/build/host", {"egress": rules}))
    assert (found.severity, found.path) == (Severity.WARNING, "stack.runners.build.host.egress[2].cidr")
    (found,) = findings(fleet(egress=rules))
    assert found.path == "stack.runners.burst.fleet.egress[3].cidr"


def fleet(**keys: Any) -> Any:
    """The good declaration and a fleet."""
    declared = {"instance_types": ["c7i.large"], "max_instances": 3000, **keys}
    return changed("runners/burst", {"group": 42, "registries": [], "fleet": declared})


@pytest.mark.parametrize(("jobs", "fits"), [(2047, True), (2048, False)])
def test_a_worker_has_room_for_its_own_jobs(jobs: int, fits: bool) -> None:
    declared = fleet(jobs_per_instance=jobs)
    if fits:
        assert findings(declared) == []
    else:
        with pytest.raises(DeclarationError, match=r"fleet\.jobs_per_instance(.|\n)*172\.17\.0\.0/16"):
            findings(declared)


def test_a_job_that_can_become_root_on_its_host_is_a_warning() -> None:
    volumes = {"volumes": ["/cache", "/var/run/docker.sock:/var/run/docker.sock"]}
    (found,) = findings(changed("runners/build/config", {"docker": volumes}))
    assert (found.severity, found.path) == (
        Severity.WARNING,
        "stack.runners.build.config.docker.volumes[1]",
    )
    assert "root" in found.found


def test_fewer_jobs_than_runners() -> None:
    declared = sharing(limit=1)
    declared["runners"]["build"]["host"]["concurrent"] = 1
    (found,) = findings(declared)
    assert (found.severity, found.path) == (Severity.WARNING, "stack.runners.build.host.concurrent")


def build(config: Any, runner_version: str = "19.3.0", **host: Any) -> Any:
    """The good declaration with these settings of config.toml at its runner and host."""
    declared = changed("runners/build/config", config)
    declared["runners"]["build"]["host"] |= {"runner_version": runner_version, "config": host}
    return declared


def test_valid_settings_of_config_toml() -> None:
    docker = {
        "memory": "2g",
        "cpus": "1.5",
        "network_mtu": 1450.0,
        "enable_ipv6": True,
        "volumes": ["/cache", "/a:/a"],
    }
    config = {"docker": docker, "environment": ["A=b"], "pre_build_script": "true", "output_limit": 8192.0}
    assert (
        findings(build(config, log_level="debug", listen_address="127.0.0.1:9252", shutdown_timeout=60)) == []
    )
    both = ["if-not-present", "always"]
    (warned,) = findings(build({"docker": {"pull_policy": both, "allowed_pull_policies": both}}))
    assert (warned.severity, warned.path) == (
        Severity.WARNING,
        "stack.runners.build.config.docker.pull_policy",
    )


CONFIG = "stack.runners.build.config"
REFUSED: dict[str, tuple[Any, str, str]] = {
    "a key newer than the runner": (
        build({"prepare_timeout": "10m"}, "18.11.0"),
        f"{CONFIG}.prepare_timeout",
        "the key is new in GitLab Runner 19.0, and 18.11 would silently ignore it",
    ),
    "memory that the runner dies of": (
        build({"docker": {"memory": "lots"}}),
        f"{CONFIG}.docker.memory",
        "`lots` is not understood",
    ),
    "a pull policy that is not allowed": (
        build({"docker": {"pull_policy": ["never"], "allowed_pull_policies": ["always"]}}),
        f"{CONFIG}.docker.pull_policy",
        "`never` is not among `allowed_pull_policies`, so that jobs fail",
    ),
    "a network that switches that of the job off": (
        build({"docker": {"network_mode": "host"}}),
        f"{CONFIG}.docker.network_mode",
        "the network `host` disables the network per job, which `FF_NETWORK_PER_BUILD` enables",
    ),
    "the packets of a network that is not there": (
        build({"docker": {"network_mtu": 1450}, "feature_flags": {"FF_NETWORK_PER_BUILD": False}}),
        f"{CONFIG}.docker.network_mtu",
        "the key is ignored without a network per job",
    ),
    "an unknown feature flag": (
        build({"feature_flags": {"FF_NETWORK_PER_JOB": True}}),
        f"{CONFIG}.feature_flags.FF_NETWORK_PER_JOB",
        "unknown feature flag, which the runner would silently ignore",
    ),
    "credentials for every job": (
        build({"environment": ["DOCKER_AUTH_CONFIG={}"]}),
        f"{CONFIG}.environment[0]",
        "`DOCKER_AUTH_CONFIG` would show its credentials to every job and service",
    ),
    "a level of the log that is none": (
        build({}, log_level="loud"),
        "stack.runners.build.host.config.log_level",
        "`loud` is not known",
    ),
}


@pytest.mark.parametrize(("declared", "path", "found"), REFUSED.values(), ids=REFUSED)
def test_settings_that_the_runner_ignores_or_fails_on_are_refused(
    declared: Any, path: str, found: str
) -> None:
    with pytest.raises(DeclarationError) as raised:
        findings(declared)
    (problem,) = raised.value.problems
    assert (problem.path, problem.found) == (path, found)


WARNED: dict[str, tuple[Any, str, str]] = {
    "legacy container links": (
        {"feature_flags": {"FF_NETWORK_PER_BUILD": False}},
        f"{CONFIG}.docker",
        (
            "all jobs share the network `bridge`, on which container links lead to their services; "
            "services cannot reach the job or one another, and jobs can reach each other's"
        ),
    ),
    "a secret for every job": (
        {"environment": ["NPM_TOKEN=canary"]},
        f"{CONFIG}.environment[0]",
        "every job and service can read the variable `NPM_TOKEN`, and the host stores it in plain text",
    ),
}


@pytest.mark.parametrize(("config", "path", "found"), WARNED.values(), ids=WARNED)
def test_settings_with_side_effects_are_warnings(config: Any, path: str, found: str) -> None:
    reported = findings(build(config))
    assert (Severity.WARNING, path, found) in [(each.severity, each.path, each.found) for each in reported]
    assert not any("canary" in str(each) for each in reported)


@pytest.mark.parametrize(
    ("place", "declared"),
    [
        ("concurrent", "stack.runners.build.host.concurrent"),
        ("log_level", "stack.runners.build.host.config.log_level"),
        ("runners[0]", "stack.runners.build"),
        ("runners[1].docker.memory", "stack.runners.second.config.docker.memory"),
        ("runners[0].limit", "stack.runners.build.limit"),
        ("runners[1].docker.image", "stack.runners.second.image"),
        ("runners[1].docker.services_limit", "stack.runners.second.config.docker.services_limit"),
        ("runners[1].docker.services[2].name", "stack.runners.second.services[2].name"),
    ],
)
def test_the_path_in_the_declaration(place: str, declared: str) -> None:
    manager = parse_stack(sharing()).managers["build"]
    assert declared_path(place, manager, "stack.runners") == declared


def with_fleet(**fields: Any) -> Any:
    """The good declaration, whose runner has a fleet in place of its host."""
    declared = declaration()
    del declared["runners"]["build"]["host"]
    fleet = {"instance_types": ["c7i.large"], "max_instances": 2} | fields
    declared["runners"]["build"]["fleet"] = fleet
    return declared


def test_a_good_fleet_has_no_findings() -> None:
    everything = {"jobs_per_instance": 2, "retire_after_jobs": 1, "idle": [{}], "state_storage": True}
    assert findings(with_fleet(**everything)) == []


def test_a_fleet_that_takes_fewer_jobs_than_it_has_room_for() -> None:
    declared = with_fleet(jobs_per_instance=3)
    declared["runners"]["build"]["limit"] = 2
    (found,) = findings(declared)
    assert (found.severity, found.path) == (Severity.WARNING, "stack.runners.build.limit")


def test_state_storage_needs_a_newer_manager() -> None:
    declared = with_fleet(state_storage=True, manager={"runner_version": "17.4.0"})
    with pytest.raises(DeclarationError) as raised:
        findings(declared)
    (problem,) = raised.value.problems
    assert problem.path == "stack.runners.build.fleet.state_storage"


def test_the_path_of_a_setting_of_a_fleets_manager() -> None:
    manager = parse_stack(with_fleet()).managers["build"]
    place = "stack.runners.build.fleet.manager.config.log_level"
    assert declared_path("log_level", manager, "stack.runners") == place


@pytest.mark.parametrize("known", ["10.9.0.0/24", output("stack.runners.build.host.job_networks")])
def test_a_value_known_later_is_checked_later(known: Any) -> None:
    """A value that was known before is not checked again."""
    small = changed("runners/build/host", {"concurrent": 8, "job_networks": "10.9.0.0/24"})
    before = parse_stack(changed("runners/build/host", {"concurrent": 8, "job_networks": known}))
    if known == "10.9.0.0/24":
        check_resolved(before, parse_stack(small), "stack")
    else:
        assert check_manager_configs(before) == []
        with pytest.raises(DeclarationError, match=r"10\.9\.0\.0/24 has no room for that many"):
            check_resolved(before, parse_stack(small), "stack")


@pytest.mark.parametrize(("concurrent", "warned"), [(14, False), (15, True)])
def test_jobs_of_a_docker_host_with_the_default_networks_of_docker(concurrent: int, warned: bool) -> None:
    runner = {"group": 42, "host": {"docker": {}, "concurrent": concurrent}}
    found = findings({"gitlab_url": "https://gitlab.example.com", "runners": {"build": runner}})
    assert [each.path for each in found] == (["stack.runners.build.host.concurrent"] if warned else [])
    if warned:
        assert found[0].severity is Severity.WARNING
        assert found[0].found.startswith("15 jobs at a time, with a network each, for which the Docker host")
