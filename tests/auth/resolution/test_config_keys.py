"""Docker configurations that Go refuses because of a key without credentials, by runner version."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile, read_docker_config
from pulumi_gitlab_runner.auth.resolution.config_keys import docker_cli_of
from pulumi_gitlab_runner.auth.resolution.docker import resolve_as_docker
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.auth.resolution.trace import Status, Where
from pulumi_gitlab_runner.runner_version import RunnerVersion

from tests.auth.resolution.fakes import Helpers, encoded

HOST = "registry.example.com"
PATH = "/root/.docker/config.json"


def config(**other: Any) -> str:
    return json.dumps({"auths": {HOST: {"auth": encoded("me", "1")}}, **other})


def user(text: str, version: str = "19.3") -> str | None:
    """The user with which the runner pulls; None if the runner drops the file."""
    found = resolve_as_runner(
        f"{HOST}/app", runner_version=version, run_helper=Helpers(), home=[ConfigFile(PATH, text)]
    )
    dropped = found.sources[1].status is Status.DROPPED
    assert dropped == (found.credentials is None)
    assert {line.where for line in found.log if "Failed to resolve" in line.text} <= {Where.NOWHERE}
    return found.credentials.username if found.credentials else None


WRONG: list[dict[str, Any]] = [
    {"proxies": {"httpProxy": "http://proxy.example.com:3128"}},
    {"proxies": {"default": {"noProxy": ["a"]}}},
    {"proxies": []},
    {"HttpHeaders": {"X": 1}},
    {"plugins": {"p": {"enabled": True}}},
    {"plugins": {"p": "on"}},
    {"aliases": {"builder": False}},
    {"detachKeys": 5},
    {"currentContext": {}},
    {"psFormat": 1},
    {"pruneFilters": "label=a"},
    {"pruneFilters": [1]},
    {"cliPluginsExtraDirs": {"a": "b"}},
]


@pytest.mark.parametrize("other", WRONG, ids=json.dumps)
@pytest.mark.parametrize("version", ["16.9", "18.0", "19.3"])
def test_one_wrong_type_drops_the_whole_file(other: dict[str, Any], version: str) -> None:
    assert user(config(**other), version) is None


@pytest.mark.parametrize(
    "other",
    [
        {"proxies": {"default": {"httpProxy": "http://p", "other": 1}}},
        {"proxies": None},
        {"HttpHeaders": {"X": None}},
        {"httpheaders": {"X": "1"}},
        {"plugins": {"p": {"enabled": "true"}}},
        {"pruneFilters": ["label=a", None]},
        {"aliases": {}},
        {"credSsStore2": 5, "anything": [1]},
    ],
    ids=json.dumps,
)
def test_a_value_that_go_accepts_keeps_the_file(other: dict[str, Any]) -> None:
    assert user(config(**other)) == "me"


@pytest.mark.parametrize(
    ("other", "last_good", "first_bad"),
    [
        ({"features": {"buildkit": True}}, "17.10", "17.11"),
        ({"experimental": True}, "19.2", "19.1"),
        ({"stackOrchestrator": 1}, "16.3", "16.2"),
    ],
)
def test_keys_that_only_some_versions_of_docker_cli_read(
    other: dict[str, Any], last_good: str, first_bad: str
) -> None:
    assert user(config(**other), last_good) == "me"
    assert user(config(**other), first_bad) is None


@pytest.mark.parametrize("field", ["email", "serveraddress"])
def test_unused_fields_of_an_entry_are_checked(field: str) -> None:
    text = json.dumps({"auths": {HOST: {"auth": encoded("me", "1"), field: 5}}})
    assert user(text, "19.1") is None
    assert (user(text, "19.2") == "me") == (field == "email")


def test_docker_warns_of_a_broken_file_and_ignores_it() -> None:
    text = config(features={"buildkit": True})
    found = resolve_as_docker(f"{HOST}/app", run_helper=Helpers(), config=ConfigFile(PATH, text))
    assert found.credentials is None
    assert (
        "Error parsing config file (/root/.docker/config.json): 'buildkit' of features" in found.log[0].text
    )


def test_versions() -> None:
    newest = {
        23: [(16, 0), (16, 2)],
        24: [(16, 3), (17, 4)],
        25: [(17, 5), (17, 10)],
        27: [(17, 11), (18, 6)],
        28: [(18, 7), (19, 1)],
        29: [(19, 2), (20, 0)],
    }
    assert {cli: [cli] * 2 for cli in newest} == {
        cli: [docker_cli_of(RunnerVersion(*each)) for each in versions] for cli, versions in newest.items()
    }


# docker/cli, cli/config/configfile/file.go.
TEXTS = (
    *("psFormat", "imagesFormat", "networksFormat", "pluginsFormat", "volumesFormat", "statsFormat"),
    *("detachKeys", "serviceInspectFormat", "servicesFormat", "tasksFormat", "secretFormat", "configFormat"),
    *("nodesFormat", "currentContext"),
)
PROXIES = ("httpProxy", "httpsProxy", "noProxy", "ftpProxy", "allProxy")
FORMS: list[tuple[dict[str, Any], str, str]] = [
    *(({key: 5}, key, '"…"') for key in TEXTS),
    *(({key: "a"}, key, '["…"]') for key in ("pruneFilters", "cliPluginsExtraDirs")),
    *(({key: {"a": 1}}, key, '{"NAME": "…"}') for key in ("HttpHeaders", "aliases")),
    ({"plugins": {"p": "on"}}, "plugins", '{"PLUGIN": {"NAME": "…"}}'),
    *(
        (
            {"proxies": {"default": {key: 5}}},
            "proxies",
            '{"default": {"httpProxy": "http://…", "noProxy": "…"}}',
        )
        for key in PROXIES
    ),
    ({"features": {"a": True}}, "features", '{"NAME": "true"}'),
]


@pytest.mark.parametrize(("other", "key", "form"), FORMS, ids=lambda each: json.dumps(each)[:40])
def test_a_refused_key_is_named_with_its_expected_form(other: dict[str, Any], key: str, form: str) -> None:
    wrong = read_docker_config(config(**other)).wrong_type
    assert wrong
    assert (wrong.key, wrong.form) == (key, form)


@pytest.mark.parametrize(
    ("key", "value", "read_by", "form"),
    [
        ("features", {"a": True}, [26, 29], '{"NAME": "true"}'),
        ("experimental", True, [23, 28], '"enabled"'),
        ("stackOrchestrator", 1, [23], '"swarm"'),
    ],
)
def test_which_docker_cli_reads_a_key(key: str, value: Any, read_by: list[int], form: str) -> None:
    wrong = {cli: read_docker_config(config(**{key: value}), cli).wrong_type for cli in range(23, 30)}
    refusing = [cli for cli, each in wrong.items() if each]
    assert [refusing[0], *refusing[1:][-1:]] == read_by
    assert {each.form for each in wrong.values() if each} == {form}
    by_default = read_docker_config(config(**{key: value})).wrong_type
    assert bool(by_default) == (29 in refusing), "the newest"


@pytest.mark.parametrize(
    ("parts", "broken"),
    [
        (("credsStore", "credHelpers", "auths"), "credsStore is a number, not a string"),
        (("credHelpers", "auths"), "credHelpers is a number, not an object"),
        (("auths", "detachKeys"), "auths is a number, not an object"),
    ],
)
def test_one_of_several_wrong_types_is_named(parts: tuple[str, ...], broken: str) -> None:
    assert read_docker_config(json.dumps(dict.fromkeys(parts, 5))).broken == broken


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_not_valid_json_is_refused(number: str) -> None:
    assert read_docker_config(f'{{"limit": {number}}}').broken == "it is not JSON that can be read"


@pytest.mark.parametrize(
    ("text", "unread", "message"),
    [
        (config(auth={HOST: {}}), True, "'auth' is not read: the key is auths"),
        (config(credhelper={HOST: "x"}), True, "'credhelper' is not read: the key is credHelpers"),
        (json.dumps({HOST: {"auth": "x"}}), True, "outside of auths"),
        (json.dumps({"auths": {HOST: {"user": "x"}}}), True, "'user' in auths of 'registry.example.com'"),
        (config(somebody={"else": 1}), False, "'somebody' is not a key of Docker's"),
    ],
)
def test_unread_content_is_named(text: str, unread: bool, message: str) -> None:
    found = read_docker_config(text)
    (note,) = found.notes
    assert message in note
    assert bool(found.unread_credentials) == unread


def test_every_field_of_an_entry_is_known() -> None:
    names = ("auth", "username", "password", "identitytoken", "registrytoken", "serveraddress", "email")
    assert read_docker_config(json.dumps({"auths": {HOST: dict.fromkeys(names, "")}})).notes == ()
