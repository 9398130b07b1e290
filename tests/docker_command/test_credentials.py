"""The credentials that the real `docker pull` sends, for any configuration and any answer of a helper."""

import base64
import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.docker import resolve_as_docker
from pulumi_gitlab_runner.auth.resolution.trace import Credentials, Resolution

from tests.docker_command.pulling import DockerCommand, Pull

HOST = "registry.example.com"
IMAGE = f"{HOST}/team/app:1"
FIRST_WITH_VARIABLE = (28, 4)
FIRST_TO_FAIL_WITH_ITS_HELPER = (29, 0)
GOOD_ANSWER = b'{"Username": "helper", "Secret": "of the helper"}'


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


IMAGES = st.sampled_from(
    [IMAGE, f"{HOST}:5000/app", "nginx", "index.docker.io/team/app", "HOST.example.com/a"]
)
KEYS = st.sampled_from(
    [
        HOST,
        f"{HOST}:5000",
        f"{HOST}/team",
        f"https://{HOST}",
        f"http://{HOST}/v1/",
        "HOST.example.com",
        "host.example.com",
        "docker.io",
        "index.docker.io",
        "https://index.docker.io/v1/",
        "",
    ]
)
TEXT = st.sampled_from(["me", "me:you", "", "ü\n", "\0", "<token>"])
NO_TEXT = st.sampled_from([None, True, 1, [], {}])
AUTH = st.builds("{}:{}".format, TEXT, TEXT).map(encoded) | st.sampled_from(
    ["", encoded("no colon"), "bWU6eW91\n", "bWU6eW9", "bWU6eW9-", " bWU6eW91", encoded(":you"), "bWU6/w=="]
)
ENTRIES = st.fixed_dictionaries({"auth": AUTH}) | st.dictionaries(
    st.sampled_from(["auth", "username", "password", "identitytoken"]),
    TEXT | AUTH | NO_TEXT,
    max_size=3,
)
HELPERS = st.sampled_from(["h", "missing", ""])
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "auths": st.dictionaries(KEYS, ENTRIES, min_size=1, max_size=3),
        "credHelpers": st.dictionaries(KEYS, HELPERS, max_size=2),
        "credsStore": HELPERS,
        HOST: ENTRIES,
    },
).map(json.dumps)
ODD = st.sampled_from(
    [
        f'{{"auths": {{"{HOST}": {{"Auth": "bWU6eW91", "registrytoken": "me"}}}}}}',
        "", " ", "null", "[]", "{", '"x"', "{} {", "{},", "\ufeff{}", "[" * 20_000, '{"auths": 1}',
        '{"auths": {"a": null}}', '{"auths": null}', '{"credsStore": 1}', '{"credHelpers": {"a": null}}',
        f'{{"auths": {{"{HOST}": {{"auth": "bWU6eW91"}}}}, "Auths": {{}}, "auths": {{"b": {{}}}}}}',
        '{"auths": {"a": {"auth": "\\ud800"}}}', '{"auths": {"a": {"auth": "\n"}}}', '{"auths": NaN}',
    ]
)  # fmt: skip
ANSWERS = st.dictionaries(
    st.sampled_from(["ServerURL", "Username", "Secret", "secret", "Other"]), TEXT | NO_TEXT
).map(lambda answer: json.dumps(answer).encode()) | st.sampled_from(
    [
        b"",
        b"null",
        b"credentials not found in native keychain",
        b" credentials not found in native keychain\n\n",
        b"credentials not found in native keychain: really",
        b"no credentials server URL",
        b"<html>502 Bad Gateway</html>",
        b'{"Username": "me", "Secret": "a"}{"Username": "you", "Secret": "b"}',
        b'{"Username": "me", "username": null, "Secret": "a", "Secret": "b"}',
        b'{"Username": "me", "\xc5\xbfecret": "a"}',
        b'{"Username": "me", "Secret": "\xff"}',
        b'{"Username": "me", "Secret": "\\ud800"}',
        b'{"Username": "me", "Secret": "a\nb"}',
        b'{"Username": "me", "Secret": NaN}',
        b'{"Username": "me", "Secret": "a", "Other": 1e999}',
        b'{"Username": "me", "Secret": "a", "Other": ' + b"9" * 5000 + b"}",
        b'\xef\xbb\xbf{"Username": "me", "Secret": "a"}',
        b"[" * 20_000,
        b"\0" * 1000,
    ]
)


@settings(derandomize=True, max_examples=40)
@given(image=IMAGES, config=CONFIGS | ODD)
def test_the_sent_credentials_follow_from_the_configuration(
    docker_command: DockerCommand, image: str, config: str
) -> None:
    docker_command.let_helper_answer(0, GOOD_ANSWER)
    resolution = resolve(docker_command, image, config)
    pulled = docker_command.pull(image, config)
    refused = "Error parsing config file" in pulled.error_output
    assert refused == any("Error parsing config file" in line.text for line in resolution.log)
    assert refused or agree(docker_command, pulled, resolution)


@settings(derandomize=True, max_examples=60)
@given(exit_status=st.sampled_from([0, 1]), output=ANSWERS | st.binary(max_size=40))
def test_the_sent_credentials_follow_from_the_answer_of_the_helper(
    docker_command: DockerCommand, exit_status: int, output: bytes
) -> None:
    docker_command.let_helper_answer(exit_status, output)
    config = json.dumps({"credHelpers": {HOST: "h"}})
    resolution = resolve(docker_command, IMAGE, config)
    assert agree(docker_command, docker_command.pull(IMAGE, config), resolution)


@settings(derandomize=True, max_examples=30)
@given(image=IMAGES, variable=CONFIGS | ODD)
def test_the_sent_credentials_follow_from_the_variable(
    docker_command: DockerCommand, image: str, variable: str
) -> None:
    if docker_command.version < FIRST_WITH_VARIABLE:
        pytest.skip("this `docker` does not read DOCKER_AUTH_CONFIG")
    config = json.dumps({"auths": {HOST: {"auth": encoded("the:file")}}})
    resolution = resolve(docker_command, image, config, variable)
    assert agree(docker_command, docker_command.pull(image, config, variable), resolution)


def resolve(docker_command: DockerCommand, image: str, config: str, variable: str = "") -> Resolution:
    return resolve_as_docker(
        image,
        run_helper=docker_command.run_helper,
        docker_auth_config=variable,
        config=ConfigFile("config.json", config),
    )


def agree(docker_command: DockerCommand, pulled: Pull, resolution: Resolution) -> bool:
    """Whether the command did what the resolution predicts."""
    if resolution.failure and docker_command.version >= FIRST_TO_FAIL_WITH_ITS_HELPER:
        return pulled.image is None
    if resolution.failure:
        return bool(pulled.image)
    by_chance = [
        entry for source in resolution.sources for entry in source.entries if "by chance" in entry.reason
    ]
    held = [resolution.credentials, *(entry.credentials for entry in by_chance)]
    return sent(pulled.authorization) in [sent(in_header(each)) for each in held]


def in_header(credentials: Credentials | None) -> Mapping[str, str]:
    held = credentials or Credentials()
    return {
        "username": held.username,
        "password": held.password.get_secret_value(),
        "identitytoken": held.identity_token.get_secret_value(),
        "registrytoken": held.registry_token.get_secret_value(),
    }


def sent(authorization: Mapping[str, str]) -> Mapping[str, str]:
    """The credentials in a header, without empty ones."""
    names = ("username", "password", "identitytoken", "registrytoken")
    return {name: authorization[name] for name in names if authorization.get(name)}
