"""Credentials in Docker's forms."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.auth.docker_config import (
    credentials_as_answer,
    credentials_as_json,
    docker_auth_config,
)
from pulumi_gitlab_runner.spec.variables import can_be_masked

HOSTS = st.integers(0, 9999).map(lambda number: f"registry-{number}.example.com:5000")


def test_the_value_of_docker_auth_config() -> None:
    credentials = [("registry.example.com:5000", "my_username", "my_password"), ("a.example", "me", "secret")]
    assert docker_auth_config(credentials) == (
        '{"auths":{"a.example":{"auth":"bWU6c2VjcmV0"},'
        '"registry.example.com:5000":{"auth":"bXlfdXNlcm5hbWU6bXlfcGFzc3dvcmQ="}}}'
    )


@given(st.dictionaries(HOSTS, st.tuples(st.text(), st.text()), min_size=1))
def test_gitlab_can_mask_the_value_and_the_runner_can_read_it(
    credentials: dict[str, tuple[str, str]],
) -> None:
    # A user name contains no colon: it ends at the first one.
    without_colon = {
        host: (user.replace(":", ""), password) for host, (user, password) in credentials.items()
    }
    value = docker_auth_config((host, *pair) for host, pair in without_colon.items())
    assert can_be_masked(value, raw=True)
    read = {
        host: tuple(base64.b64decode(entry["auth"]).decode().split(":", 1))
        for host, entry in json.loads(value)["auths"].items()
    }
    assert read == without_colon


def test_the_answer_of_a_helper() -> None:
    answer = credentials_as_answer("registry.example.com", ("me", "pass word"))
    assert json.loads(answer) == {
        "ServerURL": "registry.example.com",
        "Username": "me",
        "Secret": "pass word",
    }
    assert answer.endswith("}\n")


@given(st.text(), st.text())
def test_credentials_survive_the_secret_store(username: str, password: str) -> None:
    stored = credentials_as_json((username, password))
    assert json.loads(stored) == {"username": username, "password": password}
