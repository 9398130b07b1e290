"""The resolution of credentials in gitlab-runner: each test states one fact about it."""

import json

import pytest
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.helpers import HelperAnswer
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.auth.resolution.sources import JobCredentials
from pulumi_gitlab_runner.auth.resolution.trace import Entry, Resolution, Source, Status, Verdict, Where

from tests.auth.resolution.fakes import Helpers, credentials, docker_config, encoded

HOME = "/root/.docker/config.json"
IMAGE = "registry.example.com/team/app:1"
DIGEST = "sha256:" + "a" * 64
FAILING = HelperAnswer(1, "canary-in-the-output")


def resolve(
    image: str = IMAGE,
    *,
    variable: str = "",
    home: str | None = None,
    job: tuple[JobCredentials, ...] = (),
    helpers: Helpers | None = None,
    version: str = "18.11",
) -> Resolution:
    return resolve_as_runner(
        image,
        runner_version=version,
        run_helper=helpers or Helpers(),
        docker_auth_config=variable,
        home=() if home is None else (ConfigFile(HOME, home),),
        job_credentials=job,
    )


def user(resolution: Resolution) -> str | None:
    return resolution.credentials.username if resolution.credentials else None


def source(resolution: Resolution, name: str) -> Source:
    return next(each for each in resolution.sources if each.name == name)


def entry(resolution: Resolution, key: str) -> Entry:
    return next(each for source in resolution.sources for each in source.entries if each.key == key)


def messages(resolution: Resolution, where: Where) -> list[str]:
    return [line.text for line in resolution.log if line.where is where]


# Sources and their order


def test_without_any_source_there_are_no_credentials() -> None:
    resolution = resolve()
    assert resolution.credentials is None
    assert [each.status for each in resolution.sources] == [Status.ABSENT] * 3
    assert messages(resolution, Where.DEBUG) == [f"No credentials found for {IMAGE}"]


def test_for_one_path_the_order_is_variable_home_job() -> None:
    host = "registry.example.com"
    job = (JobCredentials(host, "job", "job-password"),)
    variable, home = docker_config({host: "variable"}), docker_config({host: "home"})
    assert user(resolve(job=job)) == "job"
    assert user(resolve(job=job, home=home)) == "home"
    assert user(resolve(job=job, home=home, variable=variable)) == "variable"


def test_the_source_is_named_in_the_job_log() -> None:
    host = "registry.example.com"
    resolutions = {
        "$DOCKER_AUTH_CONFIG": resolve(variable=docker_config({host: "me"})),
        HOME: resolve(home=docker_config({host: "me"})),
        "job payload (GitLab Registry)": resolve(job=(JobCredentials(host, "me", "secret"),)),
    }
    for name, resolution in resolutions.items():
        assert resolution.source is not None
        assert resolution.source.name == name
        assert messages(resolution, Where.JOB_LOG) == [f"Authenticating with credentials from {name}"]


def test_a_longer_path_in_the_home_overrides_the_host_in_the_variable() -> None:
    resolution = resolve(
        variable=docker_config({"registry.example.com": "variable"}),
        home=docker_config({"registry.example.com/team": "home"}),
    )
    assert user(resolution) == "home"
    assert entry(resolution, "registry.example.com").verdict is Verdict.OUTRANKED
    assert "registry.example.com/team" in entry(resolution, "registry.example.com").reason


def test_the_debug_log_reports_credentials_that_another_source_already_has() -> None:
    host = "registry.example.com"
    resolution = resolve(variable=docker_config({host: "one"}), home=docker_config({host: "two"}))
    first, ignored, second = messages(resolution, Where.DEBUG)
    assert first == (
        f'Loaded Docker credentials, source = "$DOCKER_AUTH_CONFIG", hostnames = [{host}], error = <nil>'
    )
    assert ignored == (
        f'Not adding Docker credentials: credentials for "{host}" already set from "$DOCKER_AUTH_CONFIG", '
        f'ignoring credentials from "{HOME}"'
    )
    assert second == f'Loaded Docker credentials, source = "{HOME}", hostnames = [{host}], error = <nil>'


@pytest.mark.parametrize(("version", "lines"), [("17.2", 0), ("17.3", 1)])
def test_from_17_3_on_the_debug_log_lists_the_registries_of_a_source(version: str, lines: int) -> None:
    resolution = resolve(version=version, variable=docker_config({"registry.example.com": "one"}))
    assert len(messages(resolution, Where.DEBUG)) == lines


@pytest.mark.parametrize(("version", "ignored"), [("18.2", 0), ("18.3", 1)])
def test_from_18_3_on_the_debug_log_reports_ignored_credentials(version: str, ignored: int) -> None:
    config = docker_config({"registry.example.com": "one"})
    debug = messages(resolve(version=version, variable=config, home=config), Where.DEBUG)
    assert len([line for line in debug if line.startswith("Not adding Docker credentials")]) == ignored


@pytest.mark.parametrize(("version", "where"), [("18.10", Where.NOWHERE), ("18.11", Where.JOB_LOG)])
def test_from_18_11_on_the_job_log_warns_of_a_dropped_variable(version: str, where: Where) -> None:
    resolution = resolve(version=version, variable="{")
    assert [line.where for line in resolution.log if "Failed to resolve" in line.text] == [where]


def test_only_the_first_file_of_the_home_that_opens_is_read() -> None:
    old = ConfigFile("/root/.dockercfg", docker_config({"registry.example.com": "old"}))

    def user_of(new: ConfigFile) -> str | None:
        return user(resolve_as_runner(IMAGE, runner_version="18.11", run_helper=Helpers(), home=(new, old)))

    assert user_of(ConfigFile(HOME, docker_config({"registry.example.com": "new"}))) == "new"
    assert user_of(ConfigFile(HOME)) == "old"
    assert user_of(ConfigFile(HOME, problem="permission denied")) == "old"
    assert user_of(ConfigFile(HOME, "{broken")) is None


def test_only_registry_credentials_of_the_job_are_used() -> None:
    assert (
        resolve(job=(JobCredentials("registry.example.com", "me", "secret", type="other"),)).credentials
        is None
    )


# Inside one file


def test_in_a_file_helpers_override_the_store_and_the_store_overrides_auths() -> None:
    host = "registry.example.com"
    helpers = Helpers(
        h={host: credentials("helper", "1")},
        s={"list": HelperAnswer(0, json.dumps({host: "store"})), host: credentials("store", "2")},
    )
    resolution = resolve(home=docker_config({host: "auths"}, {host: "h"}, "s"), helpers=helpers)
    assert user(resolution) == "helper"
    assert [(each.origin, each.helper) for each in source(resolution, HOME).entries] == [
        ("credHelpers", "docker-credential-h"),
        ("auths", None),
        ("credsStore", "docker-credential-s"),
    ]
    assert [each.verdict for each in source(resolution, HOME).entries] == [
        Verdict.USED,
        Verdict.OUTRANKED,
        Verdict.OUTRANKED,
    ]
    assert user(resolve(home=docker_config({host: "auths"}, store="s"), helpers=helpers)) == "store"


def test_from_18_3_on_the_first_of_two_keys_with_one_path_is_used() -> None:
    home = docker_config({"registry.example.com": "bare", "https://registry.example.com/v1/": "with-scheme"})
    for version in ("18.3", "18.11"):
        resolution = resolve(home=home, version=version)
        assert user(resolution) == "with-scheme"
        assert "by chance" not in entry(resolution, "registry.example.com").reason
    assert "by chance" in entry(resolve(home=home, version="18.2"), "registry.example.com").reason


def test_an_identity_token_comes_from_auths_or_from_the_user_token_of_a_helper() -> None:
    written = json.dumps({"auths": {"registry.example.com": {"identitytoken": "canary"}}})
    helpers = Helpers(h={"registry.example.com": credentials("<token>", "canary")})
    for resolution in (
        resolve(home=written),
        resolve(home=docker_config(helpers={"registry.example.com": "h"}), helpers=helpers),
    ):
        assert resolution.credentials is not None
        assert resolution.credentials.identity_token.get_secret_value() == "canary"
        assert not resolution.credentials.username
        assert not resolution.credentials.password


# Matching


@pytest.mark.parametrize(
    ("key", "image", "matches"),
    [
        ("registry.example.com", IMAGE, True),
        ("registry.example.com/team", IMAGE, True),
        ("registry.example.com/team/app", IMAGE, True),
        ("registry.example.com/tea", IMAGE, False),
        ("registry.example.com/team/app/more", IMAGE, False),
        ("registry.example.com/Team", IMAGE, False),
        ("REGISTRY.example.com", IMAGE, True),
        ("registry.example.com", "REGISTRY.Example.com/team/app", True),
        ("registry.example.com:443", IMAGE, False),
        ("registry.example.com", "registry.example.com:443/team/app", False),
        ("registry.example.com:5000", "registry.example.com:5000/app", True),
        ("https://registry.example.com/other", IMAGE, True),
        ("docker.io", "nginx", True),
        ("https://index.docker.io/v1/", "nginx", True),
        ("index.docker.io", "nginx", False),
        ("registry-1.docker.io", "nginx", False),
        ("docker.io/library", "nginx", False),
        ("docker.io/library", "library/nginx", True),
        ("docker.io/team", "team/app", True),
        ("registry.example.com/team/app", f"registry.example.com/team/app@{DIGEST}", False),
        ("registry.example.com/team", f"registry.example.com/team/app@{DIGEST}", True),
        ("registry.example.com/team/app", f"registry.example.com/team/app:1@{DIGEST}", True),
    ],
)
def test_which_keys_match_an_image(key: str, image: str, matches: bool) -> None:
    resolution = resolve(image, home=docker_config({key: "me"}))
    assert user(resolution) == ("me" if matches else None)
    assert entry(resolution, key).verdict is (Verdict.USED if matches else Verdict.NO_MATCH)
    assert entry(resolution, key).reason


def test_the_reason_names_the_near_miss() -> None:
    def reason(key: str, image: str) -> str:
        return entry(resolve(image, home=docker_config({key: "me"})), key).reason

    assert "ports differ" in reason("registry.example.com", "registry.example.com:443/app")
    assert "https://index.docker.io/v1/" in reason("index.docker.io", "nginx")
    assert "without library/" in reason("docker.io/library", "nginx")
    assert "name:tag@digest" in reason("registry.example.com/app", f"registry.example.com/app@{DIGEST}")
    assert reason("other.example.com", IMAGE) == "the image is on registry.example.com"


def test_before_17_5_a_path_matches_its_whole_host() -> None:
    home = docker_config({"registry.example.com/other": "me"})
    assert user(resolve(home=home, version="17.4")) == "me"
    assert entry(resolve(home=home, version="17.4"), "registry.example.com/other").notes
    assert user(resolve(home=home, version="17.5")) is None


def test_bare_index_docker_io_was_docker_hub_before_17_5() -> None:
    home = docker_config({"index.docker.io": "me"})
    assert user(resolve("nginx", home=home, version="16.9.0")) == "me"
    assert user(resolve("nginx", home=home, version="17.5.0")) is None


def test_a_path_after_a_scheme_is_noted() -> None:
    key = "https://registry.example.com/team"
    assert "all of registry.example.com" in entry(resolve(home=docker_config({key: "me"})), key).notes[0]


# Credential helpers


def test_every_helper_of_a_source_is_asked_for_any_image() -> None:
    helpers = Helpers(h={}, s={"list": HelperAnswer(0, '{"third.example.com": "me"}')})
    config = docker_config(helpers={"one.example.com": "h", "two.example.com": "h"}, store="s")
    resolve("nginx", home=config, helpers=helpers)
    assert helpers.asked == [
        ("docker-credential-s", "list", "unused"),
        ("docker-credential-s", "get", "third.example.com"),
        ("docker-credential-h", "get", "one.example.com"),
        ("docker-credential-h", "get", "two.example.com"),
    ]


def test_a_helper_without_credentials_is_not_an_error() -> None:
    home = docker_config({"registry.example.com": "me"}, {"other.example.com": "h"})
    resolution = resolve(home=home, helpers=Helpers(h={}))
    assert user(resolution) == "me"
    assert entry(resolution, "other.example.com").verdict is Verdict.NO_CREDENTIALS


def test_a_helper_without_credentials_hides_auths_of_the_same_registry() -> None:
    host = "registry.example.com"
    home = docker_config({host: "me"}, {host: "h"})
    job = (JobCredentials(host, "job", "secret"),)
    assert resolve(home=home, helpers=Helpers(h={})).credentials is None
    assert user(resolve(home=home, helpers=Helpers(h={}), job=job)) == "job"


def test_a_store_that_lists_a_registry_without_credentials_hides_its_auths() -> None:
    host = "registry.example.com"
    helpers = Helpers(s={"list": HelperAnswer(0, json.dumps({host: "me", "other.example.com": "me"}))})
    home = docker_config({host: "me"}, store="s")
    resolution = resolve(home=home, helpers=helpers)
    assert resolution.entry is not None
    assert resolution.entry.key == host
    assert not resolution.credentials
    assert "other.example.com" in [each.key for each in source(resolution, HOME).entries]


def test_before_18_3_a_helper_without_credentials_also_hides_later_sources() -> None:
    host = "registry.example.com"
    home, job = docker_config(helpers={host: "h"}), (JobCredentials(host, "job", "secret"),)
    resolution = resolve(home=home, helpers=Helpers(h={}), job=job, version="18.2")
    assert resolution.entry is not None
    assert resolution.entry.key == host
    assert not resolution.credentials
    assert "pulled without any" in resolution.entry.reason
    assert user(resolve(home=home, helpers=Helpers(h={}), job=job, version="18.3")) == "job"


@pytest.mark.parametrize(
    ("helpers", "words"),
    [
        (Helpers(), 'exec: "docker-credential-h": executable file not found in $PATH, out: ``'),
        (Helpers(h={"other.example.com": FAILING}), "exit status 1, out: `…`"),
        (Helpers(h={"other.example.com": HelperAnswer(0, "canary-in-the-output")}), "not JSON"),
        (Helpers(h={"other.example.com": HelperAnswer(0, "")}), "empty"),
        (
            Helpers(h={"other.example.com": HelperAnswer(0, "credentials not found in native keychain")}),
            "not JSON",
        ),
        (Helpers(h={"other.example.com": HelperAnswer(0, '{"Username": 1}')}), "is a number"),
        (
            Helpers(h={"other.example.com": HelperAnswer(1, "no credentials username\n")}),
            "no credentials username",
        ),
    ],
)
def test_one_failing_helper_drops_its_whole_source(helpers: Helpers, words: str) -> None:
    config = docker_config({"registry.example.com": "static"}, {"other.example.com": "h"})
    job = (JobCredentials("registry.example.com", "job", "secret"),)
    resolution = resolve(variable=config, helpers=helpers, job=job)
    assert user(resolution) == "job"
    dropped = source(resolution, "$DOCKER_AUTH_CONFIG")
    assert dropped.status is Status.DROPPED
    assert dropped.failed_helper == "docker-credential-h"
    assert words in dropped.reason
    warning = messages(resolution, Where.JOB_LOG)[0]
    assert warning.startswith("WARNING: Failed to resolve credentials from $DOCKER_AUTH_CONFIG: ")
    assert warning.endswith(". Credentials from this source will not be used.")
    assert "canary" not in repr(resolution)


@pytest.mark.parametrize("helper", ["missing", None])
def test_the_lost_credentials_of_a_dropped_source_are_reported(helper: str | None) -> None:
    config = {
        "auths": {"registry.example.com": {"auth": encoded("me", "canary") if helper else "canary!"}},
        "credHelpers": {"registry.example.com/team": "h", "other.example.com": helper or "h"},
    }
    resolution = resolve(home=json.dumps(config), helpers=Helpers(h={}))
    assert resolution.credentials is None
    if helper:
        assert entry(resolution, "registry.example.com").verdict is Verdict.LOST
    assert entry(resolution, "registry.example.com/team").verdict is Verdict.LOST
    assert entry(resolution, "other.example.com").verdict is Verdict.NO_MATCH
    assert "canary" not in repr(resolution)


def test_a_missing_helper_is_reported_in_the_runners_words() -> None:
    resolution = resolve(variable=docker_config(helpers={"registry.example.com": "x"}))
    (warning,) = messages(resolution, Where.JOB_LOG)
    assert warning == (
        "WARNING: Failed to resolve credentials from $DOCKER_AUTH_CONFIG: error getting credentials - err: "
        'exec: "docker-credential-x": executable file not found in $PATH, out: ``. '
        "Credentials from this source will not be used."
    )


@pytest.mark.parametrize("version", ["16.9", "18.10"])
def test_before_18_11_a_dropped_variable_is_not_in_the_job_log(version: str) -> None:
    resolution = resolve(variable="{broken", version=version)
    assert messages(resolution, Where.JOB_LOG) == []
    assert "$DOCKER_AUTH_CONFIG" in messages(resolution, Where.NOWHERE)[0]


@pytest.mark.parametrize("home", ["{broken", docker_config(helpers={"registry.example.com": "missing"})])
def test_a_dropped_home_is_not_in_the_job_log(home: str) -> None:
    resolution = resolve(home=home)
    assert source(resolution, HOME).status is Status.DROPPED
    assert messages(resolution, Where.JOB_LOG) == []
    assert HOME in messages(resolution, Where.NOWHERE)[0]


def test_a_helper_that_does_not_answer_in_time_drops_its_source() -> None:
    def hanging(program: str, action: str, server: str) -> HelperAnswer:
        raise TimeoutError

    resolution = resolve_as_runner(
        IMAGE,
        runner_version="18.11",
        run_helper=hanging,
        docker_auth_config=docker_config(helpers={"registry.example.com": "h"}),
    )
    assert "did not answer in time" in resolution.sources[0].reason


@pytest.mark.parametrize("name", ["../h", "/usr/bin/h", "h/", ""])
def test_a_helper_named_by_a_path_fails_the_pull(name: str) -> None:
    job = (JobCredentials("registry.example.com", "job", "secret"),)
    for resolution in (
        resolve(variable=docker_config(helpers={"other.example.com": name}), job=job),
        resolve(home=docker_config(helpers={"other.example.com": name}), job=job),
    ):
        assert resolution.failure is not None
        assert repr(name) in resolution.failure
        assert resolution.credentials is None
        assert messages(resolution, Where.JOB_LOG) == ["path traversal is not allowed"]


def test_a_store_named_by_a_path_fails_the_pull_before_any_request() -> None:
    helpers = Helpers()
    assert resolve(home=docker_config(store="../s"), helpers=helpers).failure
    assert helpers.asked == []


# The configuration itself


@pytest.mark.parametrize(
    "config", ["", " \n", "{}", "null", '{"auths": {}}', '{"credsStore": ""}', '{"detachKeys": "x"}']
)
def test_a_configuration_without_credentials_is_not_an_error(config: str) -> None:
    assert source(resolve(home=config), HOME).status is Status.ABSENT


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("{", "not JSON"),
        ("\ufeff{}", "not JSON"),
        (json.dumps(docker_config({"registry.example.com": "canary"})), "is a string, not an object"),
        ('{"auths": []}', "auths is a list, not an object"),
        ('{"auths": {"a.example.com": "canary"}}', "is a string, not an object"),
        ('{"auths": {"a.example.com": {"auth": 5}}}', "is a number, not a string"),
        ('{"auths": {"a.example.com": {"auth": "canary!"}}}', "not Base64"),
        ('{"auths": {"a.example.com": {"auth": "Y2FuYXJ5"}}}', "not the Base64 text of user:password"),
        ('{"auths": {"a.example.com": {"auth": "OmNhbmFyeQ=="}}}', "not the Base64 text of user:password"),
        ('{"auths": {"a.example.com": {"auth": "Y2FuYXJ5OmNhbmFyeQ"}}}', "not Base64"),
        ('{"auths": {"a.example.com": {"auth": "Y2E_PmNhbmFyeQ=="}}}', "not Base64"),
    ],
)
def test_one_bad_part_drops_the_whole_source(config: str, words: str) -> None:
    dropped = source(resolve(variable=config), "$DOCKER_AUTH_CONFIG")
    assert dropped.status is Status.DROPPED
    assert words in dropped.reason
    assert "canary" not in dropped.reason


def test_go_reads_the_first_json_value_and_ignores_the_case_of_names() -> None:
    assert user(resolve(home=docker_config({"registry.example.com": "me"}) + "\nrubbish")) == "me"
    config = {"AUTHS": {"registry.example.com": {"Auth": encoded("me", "secret")}}}
    assert user(resolve(home=json.dumps(config))) == "me"


def test_auth_overrides_user_and_password_which_are_used_without_it() -> None:
    both = {"username": "plain", "password": "1", "auth": encoded("encoded", "2")}
    assert user(resolve(home=json.dumps({"auths": {"registry.example.com": both}}))) == "encoded"
    del both["auth"]
    assert user(resolve(home=json.dumps({"auths": {"registry.example.com": both}}))) == "plain"


def test_a_newline_in_the_password_is_kept_and_noted() -> None:
    home = json.dumps({"auths": {"registry.example.com": {"auth": encoded("me", "canary\n")}}})
    resolution = resolve(home=home)
    assert resolution.credentials is not None
    assert resolution.credentials.password.get_secret_value() == "canary\n"
    assert "white space" in entry(resolution, "registry.example.com").notes[0]


def test_the_old_form_of_dockercfg_is_noted() -> None:
    home = json.dumps(
        {"https://index.docker.io/v1/": {"auth": encoded("me", "canary"), "email": "me@example.com"}}
    )
    assert "outside of auths" in source(resolve("nginx", home=home), HOME).notes[0]


# Secrets


def test_no_representation_contains_a_secret() -> None:
    resolution = resolve(
        "https://u:canary1@registry.example.com/app",
        variable=json.dumps(
            {"auths": {"https://u:canary2@registry.example.com": {"auth": encoded("me", "canary3")}}}
        ),
        home=docker_config(helpers={"registry.example.com": "h"}),
        job=(JobCredentials("u:canary4@registry.example.com", "me", "canary5"),),
        helpers=Helpers(h={"registry.example.com": credentials("me", "canary6")}),
    )
    assert "canary" not in repr(resolution)
    assert "canary" not in str(resolution)
    assert "canary" not in repr(JobCredentials("registry.example.com", "me", "canary"))
    assert "canary" not in repr(ConfigFile(HOME, "canary"))
    assert "canary" not in repr(HelperAnswer(0, "canary", "canary"))


def test_an_invalid_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'latest' is not a version of GitLab Runner"):
        resolve(version="latest")
