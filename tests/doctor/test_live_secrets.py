"""The report on a live host, whose secrets the doctor does not get, is the same as on the host's files."""

import base64
import json
from typing import Any

import pytest
from pulumi_gitlab_runner.doctor.image_report import UsedImage, examine
from pulumi_gitlab_runner.doctor.job_variables import JobVariables
from pulumi_gitlab_runner.doctor.live import on_host
from pulumi_gitlab_runner.doctor.live.runner import live_runner
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost, runner_on_disk
from pulumi_gitlab_runner.doctor.runner_variables import RunnerVariables

from tests.auth.resolution.fakes import encoded
from tests.doctor.host_tree import HostTree

KEY = "registry.example.com"
AUTH = encoded("me", "canary-4711")


class Gathering:
    """A live host with the files of a tree."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def run(self, request: Any) -> Any:
        assert "program" not in request
        self.asked.append(request)
        found = on_host.answered(request)
        text = json.dumps(found)
        assert not any(secret in text for secret in ("canary", "Y2FuYXJ5", "NhbmFye", "jYW5hcn"))
        return found


@pytest.fixture
def live(host: HostTree, monkeypatch: pytest.MonkeyPatch) -> HostTree:
    monkeypatch.setattr(on_host, "ROOT", str(host.root))
    return host


def examined(runner: RunnerHost, variables: dict[str, str]) -> tuple[str | None, list[tuple[str, str, str]]]:
    """The user with whom an image is pulled, and the findings."""
    (report,) = examine([UsedImage(f"{KEY}/app:1", (), JobVariables(variables))], runner, None)
    used = report.runner.credentials
    found = [(str(each.name), each.where, each.what) for each in report.findings]
    return (used.username if used else None), found


def both(host: HostTree, variables: dict[str, str]) -> list[Any]:
    """The result from the files of a host, and from the live host."""
    here, there = runner_on_disk(host.root, None, None), live_runner(Gathering().run, "there", "build", None)
    return [examined(runner, variables) for runner in (here, there)]


def auths(**entry: object) -> str:
    return json.dumps({"auths": {KEY: entry}})


ENVIRONMENTS: dict[str, tuple[dict[str, str], dict[str, str], str | None]] = {
    "auth": ({"DOCKER_AUTH_CONFIG": auths(auth="$TOKEN"), "TOKEN": AUTH}, {}, "me"),
    "auth that the job replaces": (
        {"DOCKER_AUTH_CONFIG": auths(auth="$TOKEN"), "TOKEN": encoded("other", "canary")},
        {"TOKEN": AUTH},
        "me",
    ),
    "a password that the job replaces": (
        {"DOCKER_AUTH_CONFIG": auths(username="$WHO", password="$P"), "WHO": "me", "P": "canary"},
        {"P": ""},
        "me",
    ),
    "a registry that the job replaces": (
        {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {"$HOST": {"auth": AUTH}}}), "HOST": KEY},
        {"HOST": "other.example.com"},
        None,
    ),
    "all that the job replaces": (
        {"DOCKER_AUTH_CONFIG": "$ALL", "ALL": auths(auth=AUTH)},
        {"ALL": auths(auth=encoded("other", "canary "))},
        "other",
    ),
    "a configuration that the job replaces": (
        {"DOCKER_AUTH_CONFIG": auths(auth="$TOKEN"), "TOKEN": AUTH},
        {"DOCKER_AUTH_CONFIG": auths(auth="$TOKEN"), "TOKEN": encoded("other", "canary")},
        "other",
    ),
    "auth in braces": ({"DOCKER_AUTH_CONFIG": auths(auth="${TOKEN}"), "TOKEN": AUTH}, {}, "me"),
    "auth of the job": ({"DOCKER_AUTH_CONFIG": auths(auth="$TOKEN")}, {"TOKEN": AUTH}, "me"),
    "a part of auth": ({"DOCKER_AUTH_CONFIG": auths(auth=f"{AUTH[:8]}$TOKEN"), "TOKEN": AUTH[8:]}, {}, "me"),
    "password": (
        {"DOCKER_AUTH_CONFIG": auths(username="me", password="$TOKEN"), "TOKEN": "canary "},
        {},
        "me",
    ),
    "password of the job": (
        {"DOCKER_AUTH_CONFIG": auths(username="me", password="$TOKEN")},
        {"TOKEN": " canary"},
        "me",
    ),
    "empty password": ({"DOCKER_AUTH_CONFIG": auths(password="$TOKEN"), "TOKEN": ""}, {}, None),
    "user": (
        {"DOCKER_AUTH_CONFIG": auths(username="$WHO", password="canary"), "WHO": "me"},
        {},
        "me",
    ),
    "registry": (
        {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {"$HOST": {"auth": AUTH}}}), "HOST": KEY},
        {},
        "me",
    ),
    "identity token": (
        {"DOCKER_AUTH_CONFIG": auths(identitytoken="$TOKEN"), "TOKEN": "canary"},
        {},
        "",
    ),
    "all": ({"DOCKER_AUTH_CONFIG": "$ALL", "ALL": auths(auth=AUTH)}, {}, "me"),
    "all of the job": ({"DOCKER_AUTH_CONFIG": "$ALL"}, {"ALL": auths(auth=AUTH)}, "me"),
    "a table of the job": (
        {"DOCKER_AUTH_CONFIG": '{"auths": ${AUTHS}}'},
        {"AUTHS": json.dumps({KEY: {"auth": AUTH}})},
        "me",
    ),
    "the runner expands once": (
        {"DOCKER_AUTH_CONFIG": auths(auth="$A"), "A": "$TOKEN", "TOKEN": AUTH},
        {},
        None,
    ),
    "the runner expands once, with the job": (
        {"DOCKER_AUTH_CONFIG": auths(auth="$A"), "A": "$TOKEN"},
        {"TOKEN": AUTH},
        None,
    ),
    "doubled": ({"DOCKER_AUTH_CONFIG": auths(auth="$$TOKEN"), "TOKEN": AUTH}, {}, None),
    "not Base64": ({"DOCKER_AUTH_CONFIG": auths(auth="$TOKEN"), "TOKEN": "canary!"}, {}, None),
}


@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_variables_in_the_docker_auth_config_of_a_live_host(live: HostTree, case: str) -> None:
    environment, variables, user = ENVIRONMENTS[case]
    live.runner(environment=environment)
    here, there = both(live, variables)
    assert there == here
    assert here[0] == user


def test_a_part_of_an_auth_that_only_the_job_has_is_not_reported_as_wrong(live: HostTree) -> None:
    live.runner(environment={"DOCKER_AUTH_CONFIG": auths(auth=f"{AUTH[:8]}$TOKEN")})
    here, there = both(live, {"TOKEN": AUTH[8:]})
    assert here == ("me", [])
    assert there == (on_host.HIDDEN, [])


def test_a_variable_that_only_the_job_has_is_asked_for(live: HostTree) -> None:
    live.runner(environment={"DOCKER_AUTH_CONFIG": auths(auth="$TOKEN"), "OTHER": "canary"})
    runner = live_runner(Gathering().run, "there", "build", None)
    assert RunnerVariables(runner.environment_for({}), {}).docker_auth_config() == (
        auths(auth="$TOKEN"),
        ("TOKEN",),
    )


def test_the_host_is_asked_again_only_for_variables_that_the_job_replaces(live: HostTree) -> None:
    live.runner(environment={"DOCKER_AUTH_CONFIG": auths(auth="$TOKEN"), "TOKEN": AUTH, "OTHER": "canary"})
    gathering = Gathering()
    runner = live_runner(gathering.run, "there", "build", None)
    for variables in (
        {"MORE": "x"},
        {"DOCKER_AUTH_CONFIG": ""},
        {"TOKEN": AUTH},
        {"TOKEN": ""},
        {"OTHER": "1", "TOKEN": AUTH},
    ):
        runner.environment_for(variables)
    assert gathering.asked == [{}, {"set_by_job": ["TOKEN"]}, {"set_by_job": ["OTHER", "TOKEN"]}]
    live.runner(environment={"TOKEN": AUTH})
    gathering.asked.clear()
    assert live_runner(gathering.run, "there", "build", None).environment_for({"TOKEN": "x"}) == {}
    assert gathering.asked == [{}]


def test_each_runner_has_its_own_variables(live: HostTree) -> None:
    config = "".join(
        f'[[runners]]\nname = "{name}"\nenvironment = ["T={encoded(name, "canary")}", '
        f"'DOCKER_AUTH_CONFIG={auths(auth='$T')}']\n[runners.docker]\nimage = \"a:1\"\n"
        for name in ("first", "second")
    )
    live.write("etc/gitlab-runner/config.toml", config)
    for name in ("first", "second"):
        assert examined(live_runner(Gathering().run, "there", name, None), {}) == (name, [])


FILES = {
    "line breaks": auths(auth=AUTH[:8] + "\r\n" + AUTH[8:] + "\n"),
    "not UTF-8": auths(auth=base64.b64encode(b"me:canary\xff").decode()),
    "a user that is not UTF-8": auths(auth=base64.b64encode(b"m\xff:canary").decode()),
    "encoded twice": auths(auth=base64.b64encode(AUTH.encode()).decode()),
    "encoded twice with a newline": auths(auth=base64.b64encode(f"{AUTH}\n".encode()).decode()),
    "a token that is the Base64 of no text": auths(
        auth=base64.b64encode(base64.b64encode(b"canary:\xff\xff")).decode()
    ),
    "only a password": auths(auth=base64.b64encode(b"canary").decode()),
    "no user": auths(auth=base64.b64encode(b":canary").decode()),
    "too much padding": auths(auth="bWU6Y2FuYXJ5LQ===="),
    "a variable in a file": auths(auth="$TOKEN"),
    "a password that looks like a variable": auths(username="me", password="$canary"),
    "text after it": auths(auth=AUTH) + "} canary",
    "infinity": '{"auths": {"registry.example.com": {"auth": "", "canary": Infinity}}}',
    "text within text": json.dumps(auths(auth=AUTH)),
    "Base64 of it": base64.b64encode(auths(auth=AUTH).encode()).decode() + "\n",
    "a list": json.dumps([auths(auth=AUTH)]),
    "a password with a newline": auths(auth=encoded("me", "canary\n")),
    "an empty entry": auths(),
    "a wrong type": auths(username=7),
}


@pytest.mark.parametrize("case", FILES)
def test_docker_configurations_of_a_live_host(live: HostTree, case: str) -> None:
    live.write("root/.docker/config.json", FILES[case])
    here, there = both(live, {})
    assert there == here
