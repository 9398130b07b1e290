"""Hostile input: no configuration and no answer of a helper causes a crash or exposes a secret."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.docker import resolve_as_docker
from pulumi_gitlab_runner.auth.resolution.helpers import HelperAnswer
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.auth.resolution.sources import JobCredentials
from pulumi_gitlab_runner.auth.resolution.trace import Resolution

CANARY = "hunter2"
ENCODED_CANARY = base64.b64encode(f"me:{CANARY}".encode()).decode()

KEYS = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "/",
        "docker.io",
        "https://index.docker.io/v1/",
        "registry.example.com",
        "registry.example.com:5000",
        "registry.example.com/team",
        "https://registry.example.com/v1/",
        f"https://me:{CANARY}@registry.example.com",
    ]
)
IMAGES = st.sampled_from(
    [
        "nginx",
        "registry.example.com/team/app:1",
        "registry.example.com:5000/app",
        "team/app@sha256:" + "a" * 64,
    ]
) | st.text(max_size=30)
SECRETS = st.sampled_from(
    [
        CANARY,
        ENCODED_CANARY,
        ENCODED_CANARY[:-1],
        base64.b64encode(ENCODED_CANARY.encode()).decode(),
        CANARY + "\n",
    ]
)
NO_TEXT = st.none() | st.booleans() | st.integers() | st.floats() | st.lists(SECRETS, max_size=2)
JUNK = NO_TEXT | SECRETS
ENTRIES = JUNK | st.dictionaries(
    st.sampled_from(["auth", "password", "identitytoken", "registrytoken", "Auth"]),
    SECRETS | JUNK,
    max_size=3,
)
HELPERS = NO_TEXT | st.sampled_from(["h", "missing", "../h", "", "/"])
CONFIGS = st.one_of(
    SECRETS,
    st.text(max_size=20),
    JUNK.map(json.dumps),
    st.fixed_dictionaries(
        {},
        optional={
            "auths": JUNK | st.dictionaries(KEYS, ENTRIES, max_size=3),
            "credHelpers": JUNK | st.dictionaries(KEYS, HELPERS, max_size=3),
            "credsStore": HELPERS,
            "registry.example.com": ENTRIES,
        },
    ).map(json.dumps),
    st.just("[" * 100_000),
)
ANSWERS = st.one_of(
    st.builds(HelperAnswer, st.integers(-1, 255), SECRETS | st.text(max_size=20)),
    st.builds(
        HelperAnswer,
        st.just(0),
        st.dictionaries(st.sampled_from(["Username", "Secret"]), JUNK).map(json.dumps),
    ),
    st.just(FileNotFoundError("x")),
    st.just(PermissionError(13, "Permission denied", CANARY)),
    st.just(TimeoutError(CANARY)),
)


def everything_shown(resolution: Resolution) -> str:
    """All that is shown, without user names: they are not secret and may be any text."""
    shown = repr(resolution)
    for source in resolution.sources:
        for entry in source.entries:
            if entry.credentials:
                shown = shown.replace(f"username={entry.credentials.username!r}", "")
    return shown


@given(IMAGES, CONFIGS, CONFIGS, KEYS, ANSWERS, st.sampled_from(["16.9", "17.5", "18.0", "18.11"]))
def test_the_runners_resolution_accepts_any_input(
    image: str, variable: str, home: str, url: str, answer: HelperAnswer | OSError, version: str
) -> None:
    def run_helper(program: str, action: str, server: str) -> HelperAnswer:
        if isinstance(answer, OSError):
            raise answer
        return answer

    resolution = resolve_as_runner(
        image,
        runner_version=version,
        run_helper=run_helper,
        docker_auth_config=variable,
        home=[ConfigFile("/root/.docker/config.json", home)],
        job_credentials=[JobCredentials(url, "gitlab-ci-token", CANARY)],
    )
    shown = everything_shown(resolution)
    assert CANARY not in shown
    assert ENCODED_CANARY not in shown
    assert resolution.entry is None or resolution.failure is None


@given(IMAGES, CONFIGS, CONFIGS, ANSWERS)
def test_dockers_resolution_accepts_any_input(
    image: str, variable: str, config: str, answer: HelperAnswer | OSError
) -> None:
    def run_helper(program: str, action: str, server: str) -> HelperAnswer:
        if isinstance(answer, OSError):
            raise answer
        return answer

    resolution = resolve_as_docker(
        image,
        run_helper=run_helper,
        docker_auth_config=variable,
        config=ConfigFile("/root/.docker/config.json", config),
    )
    shown = everything_shown(resolution)
    assert CANARY not in shown
    assert ENCODED_CANARY not in shown
