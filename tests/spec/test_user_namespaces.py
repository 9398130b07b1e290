"""User namespaces of hosts and fleets: settings that do not work with them are refused, with the reason."""

from typing import Any

import pytest

from tests.spec.declaration import changed, problems_of

FLEET: dict[str, Any] = {"instance_types": ["c7i.large"], "max_instances": 2, "user_namespaces": True}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "privileged": ({"privileged": True}, "privileged"),
    "privileged services": ({"services_privileged": True}, "services_privileged"),
    "the host's network": ({"network_mode": "host"}, "network_mode"),
    "the host's processes": ({"pid_mode": "host"}, "pid_mode"),
    "the host's users": ({"userns_mode": "host"}, "userns_mode"),
    "a cache on the host": ({"cache_dir": "/srv/cache"}, "cache_dir"),
    "a directory of the host": ({"volumes": ["/cache", "/srv/data:/data"]}, "volumes[1]"),
    "the same, to write to": ({"volumes": ["/srv/data:/data:rw,z"]}, "volumes[0]"),
    "Docker's socket": ({"volumes": ["/var/run/docker.sock:/var/run/docker.sock:ro"]}, "volumes[0]"),
}
ACCEPTED: dict[str, dict[str, Any]] = {
    "not privileged": {"privileged": False, "network_mode": "bridge"},
    "volumes": {"volumes": ["/cache", "named:/data", "/etc/motd:/etc/motd:ro"]},
}


def on_host(docker: dict[str, Any], *, user_namespaces: bool = True) -> Any:
    declared = changed("runners/build/config", {"docker": docker})
    declared["runners"]["build"]["host"]["user_namespaces"] = user_namespaces
    return declared


def on_fleet(fleet: dict[str, Any], **further: Any) -> Any:
    declared = changed("runners/build/fleet", FLEET | fleet)
    del declared["runners"]["build"]["host"]
    declared["runners"]["build"] |= further
    return declared


@pytest.mark.parametrize(("docker", "place"), REFUSED.values(), ids=REFUSED)
def test_a_setting_that_does_not_work_is_refused(docker: dict[str, Any], place: str) -> None:
    for declared in (on_host(docker), on_fleet({}, config={"docker": docker})):
        (problem,) = problems_of(declared)
        assert problem.path == f"stack.runners.build.config.docker.{place}"
        assert "'user_namespaces' of its host" in problem.found
        assert problem.fix
    assert problems_of(on_host(docker, user_namespaces=False)) == []


@pytest.mark.parametrize("docker", ACCEPTED.values(), ids=ACCEPTED)
def test_a_setting_that_works_is_accepted(docker: dict[str, Any]) -> None:
    assert problems_of(on_host(docker)) == []


def test_a_runner_that_shares_the_host_is_checked_too() -> None:
    declared = on_host({})
    declared["runners"]["other"] = {
        "group": 1,
        "host_of": "build",
        "config": {"docker": {"privileged": True}},
    }
    (problem,) = problems_of(declared)
    assert problem.path == "stack.runners.other.config.docker.privileged"


def test_user_namespaces_need_a_machine_with_jobs_and_our_docker_configuration() -> None:
    (problem,) = problems_of(on_fleet({"manager": {"user_namespaces": True}}))
    assert problem.path == "stack.runners.build.fleet.manager.user_namespaces"
    (problem,) = problems_of(on_fleet({"ami": "ami-01234567"}))
    assert problem.path == "stack.runners.build.fleet.user_namespaces"
    docker = changed("runners/build/host", {"docker": {}, "user_namespaces": True})
    assert "stack.runners.build.host.user_namespaces" in [each.path for each in problems_of(docker)]
