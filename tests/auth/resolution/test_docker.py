"""The resolution of `docker pull`, which looks for one key in each source in turn."""

import json

import pytest
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.docker import resolve_as_docker
from pulumi_gitlab_runner.auth.resolution.helpers import HelperAnswer
from pulumi_gitlab_runner.auth.resolution.trace import Resolution, Status, Verdict, Where

from tests.auth.resolution.fakes import Helpers, credentials, docker_config, encoded

CONFIG = "/root/.docker/config.json"
HOST = "registry.example.com"
IMAGE = f"{HOST}/team/app:1"
HUB = "https://index.docker.io/v1/"


def resolve(
    image: str = IMAGE, *, config: str | None = None, variable: str = "", helpers: Helpers | None = None
) -> Resolution:
    return resolve_as_docker(
        image,
        run_helper=helpers or Helpers(),
        docker_auth_config=variable,
        config=None if config is None else ConfigFile(CONFIG, config),
    )


def user(resolution: Resolution) -> str | None:
    return resolution.credentials.username if resolution.credentials else None


def test_without_a_configuration_there_are_no_credentials() -> None:
    resolution = resolve()
    assert resolution.credentials is None
    assert [source.status for source in resolution.sources] == [Status.ABSENT, Status.ABSENT]


@pytest.mark.parametrize(
    ("key", "image", "matches"),
    [
        (HOST, IMAGE, True),
        (f"https://{HOST}/v1/", IMAGE, True),
        (f"{HOST}/other", IMAGE, True),
        (f"{HOST}:443", IMAGE, False),
        ("REGISTRY.example.com", IMAGE, False),
        (HUB, "nginx", True),
        (HUB, "index.docker.io/team/app", True),
        ("docker.io", "nginx", False),
        ("index.docker.io", "nginx", False),
    ],
)
def test_which_keys_of_auths_are_for_an_image(key: str, image: str, matches: bool) -> None:
    resolution = resolve(image, config=docker_config({key: "me"}))
    assert user(resolution) == ("me" if matches else None)
    assert resolution.sources[1].entries[0].verdict is (Verdict.USED if matches else Verdict.NO_MATCH)
    assert resolution.sources[1].notes == ()


def test_the_exact_key_comes_before_one_of_the_same_host() -> None:
    resolution = resolve(config=docker_config({f"https://{HOST}": "url", HOST: "exact"}))
    assert user(resolution) == "exact"
    resolution = resolve(config=docker_config({f"https://{HOST}": "url", f"{HOST}/v1": "path"}))
    assert user(resolution) == "url"
    assert "by chance" in resolution.sources[1].entries[1].reason


def test_only_the_helper_for_exactly_the_key_is_asked_and_no_later_source() -> None:
    helpers = Helpers(h={}, other={})
    resolution = resolve(
        config=docker_config({HOST: "auths"}, {HOST: "h", "other.example.com": "other"}, "s"), helpers=helpers
    )
    assert helpers.asked == [("docker-credential-h", "get", HOST)]
    assert resolution.credentials is None
    verdicts = {(entry.key, entry.origin): entry.verdict for entry in resolution.sources[1].entries}
    assert verdicts[HOST, "credHelpers"] is Verdict.NO_CREDENTIALS
    assert verdicts["other.example.com", "credHelpers"] is Verdict.NO_MATCH
    assert verdicts[HOST, "auths"] is Verdict.OUTRANKED


def test_the_store_is_asked_for_every_other_registry() -> None:
    helpers = Helpers(s={HUB: credentials("store", "secret")})
    resolution = resolve("nginx", config=docker_config({HUB: "auths"}, {HOST: "h"}, "s"), helpers=helpers)
    assert user(resolution) == "store"
    assert helpers.asked == [("docker-credential-s", "get", HUB)]


@pytest.mark.parametrize("helpers", [Helpers(), Helpers(h={HOST: HelperAnswer(1, "canary")})])
def test_a_failing_helper_fails_the_pull(helpers: Helpers) -> None:
    resolution = resolve(config=docker_config({HOST: "auths"}, {HOST: "h"}), helpers=helpers)
    assert resolution.failure is not None
    assert "error getting credentials" in resolution.failure
    assert resolution.sources[1].failed_helper == "docker-credential-h"
    assert resolution.credentials is None
    assert "canary" not in repr(resolution)


def test_a_failing_helper_of_another_registry_does_not_matter() -> None:
    assert user(resolve(config=docker_config({HOST: "me"}, {"other.example.com": "missing"}))) == "me"


def test_the_variable_comes_first_where_it_has_exactly_the_key() -> None:
    helpers = Helpers(h={HOST: credentials("helper", "secret")})
    config = docker_config({HOST: "auths"}, {HOST: "h"})
    resolution = resolve(config=config, variable=docker_config({HOST: "variable"}), helpers=helpers)
    assert user(resolution) == "variable"
    assert helpers.asked == []
    assert [entry.verdict for entry in resolution.sources[1].entries] == [Verdict.OUTRANKED] * 2
    assert (
        user(resolve(config=config, variable=docker_config({f"https://{HOST}": "x"}), helpers=helpers))
        == "helper"
    )


@pytest.mark.parametrize(
    "variable",
    [
        "{broken",
        docker_config(helpers={HOST: "h"}),
        json.dumps({"auths": {HOST: {"username": "me", "password": "canary"}}}),
        json.dumps({"auths": {HOST: {"auth": encoded("me", "canary"), "email": "x"}}}),
        docker_config({HOST: "canary"}) + " {}",
    ],
)
def test_docker_drops_variables_that_the_runner_accepts_and_warns(variable: str) -> None:
    resolution = resolve(config=docker_config({HOST: "file"}), variable=variable)
    assert user(resolution) == "file"
    assert resolution.sources[0].status is Status.DROPPED
    assert resolution.log[0].where is Where.TERMINAL
    assert resolution.log[0].text.startswith("Failed to create credential store from DOCKER_AUTH_CONFIG: ")
    assert "canary" not in repr(resolution)


def test_a_broken_file_is_reported_and_its_helpers_are_still_asked() -> None:
    config = json.dumps({"auths": {HOST: {"auth": "canary!"}}, "credHelpers": {HOST: "h"}})
    resolution = resolve(config=config, helpers=Helpers(h={HOST: credentials("helper", "canary")}))
    assert user(resolution) == "helper"
    assert resolution.log[0].text.startswith(f"WARNING: Error parsing config file ({CONFIG}): ")
    (note,) = resolution.sources[1].notes
    assert note.startswith("nothing of auths is used: auth in auths of ")
    assert "canary" not in repr(resolution)


def test_a_file_that_cannot_be_opened_is_reported() -> None:
    resolution = resolve_as_docker(
        IMAGE, run_helper=Helpers(), config=ConfigFile(CONFIG, problem="permission denied")
    )
    assert resolution.credentials is None
    assert "permission denied" in resolution.log[0].text


def test_an_invalid_image_fails_the_pull() -> None:
    resolution = resolve("registry.example.com/Team/app", config=docker_config({HOST: "me"}))
    assert resolution.failure is not None
    assert "lowercase" in resolution.failure


@pytest.mark.parametrize(
    "config",
    [
        f'{{"auths": {{"{HOST}": {{"auth": "{encoded("me", "1")}"}}}}, "auths": {{"other": {{}}}}}}',
        f'{{"Auths": {{"{HOST}": {{"auth": "{encoded("me", "1")}"}}}}, "auths": {{}}}}',
        f'{{"auths": {{"{HOST}": {{"auth": "{encoded("me", "1")}", "Auth": null}}}}}}',
        f'{{"auths": {{"{HOST}": {{"auth": "{encoded("you", "1")}", "Auth": "{encoded("me", "1")}"}}}}}}',
        f'{{"credHelpers": {{"{HOST}": "h"}}, "credHelpers": null, {docker_config({HOST: "me"})[1:]}',
        f'{{"auths": {{"{HOST}": {{"auth": "{encoded("me", "1")}"}}}}, "limit": {"9" * 5000}}}',
    ],
    ids=[
        *("auths twice", "auths in two spellings", "null beside a string", "a string twice"),
        *("null beside an object", "a long number"),
    ],
)
def test_json_is_read_as_docker_reads_it(config: str) -> None:
    assert user(resolve(config=config)) == "me"


def test_a_field_that_is_a_string_and_an_object_breaks_the_file() -> None:
    (line,) = resolve(config='{"auths": "canary", "Auths": {}}').log
    assert line.text.endswith("the configuration has a field twice, as a string and as an object")


def test_an_answer_with_half_a_surrogate_pair_can_be_sent() -> None:
    answer = HelperAnswer(0, r'{"Username": "me", "Secret": "a\ud800\ud83d\ude00"}')
    found = resolve(config=docker_config(helpers={HOST: "h"}), helpers=Helpers(h={HOST: answer})).credentials
    assert found
    assert found.password.get_secret_value() == "a\N{REPLACEMENT CHARACTER}\N{GRINNING FACE}"
