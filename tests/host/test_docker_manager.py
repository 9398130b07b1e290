"""The files and the environment of a manager on a Docker host."""

import json
import tomllib
from collections.abc import Sequence
from typing import Any

import pytest
from pulumi_gitlab_runner.host.docker_manager import docker_manager_files, manager_environment
from pulumi_gitlab_runner.host.files import HostFile
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack
from pulumi_gitlab_runner.spec.certificate_authorities import parse_authorities

from tests.authorities import pem

HERE = AwsEnvironment("123456789012", "eu-west-1")
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ci/a-AbCdEf"
DECLARED: dict[str, Any] = {
    "legacy": {"host": "registry.example.com:5000", "static": {"username": "me", "password": "canary-1"}},
    "team": {"ecr": {}, "repositories": ["a/b"]},
    "stored": {"host": "stored.example", "static": {"secret": SECRET}},
}
IMAGE = {"image": "registry.example.com/manager:1"}
GITLAB = "https://gitlab.example.com"
TOKENS = {"build": "glrt-canary"}


def files(
    *names: str,
    authorities: dict[str, Any] | None = None,
    runner_ids: dict[str, int] | None = None,
    **secrets: Any,
) -> dict[str, HostFile]:
    """The files of a manager whose runner uses the named registries."""
    runner = {"group": 42, "registries": list(names), "host": {"docker": {**IMAGE, **credentials(names)}}}
    stack = parse_stack(
        {
            "registries": {name: DECLARED[name] for name in names},
            "certificate_authorities": authorities or {},
            "runners": {"build": runner},
            "gitlab_url": GITLAB,
        }
    )
    manager = stack.managers["build"]
    inputs = ManagerInputs.of(stack, manager, HERE, runner_ids=runner_ids, tokens=TOKENS)
    return docker_manager_files(inputs, **secrets)


def credentials(names: Sequence[str]) -> dict[str, Any]:
    """The AWS credentials that registries with credentials in AWS need."""
    return {"aws_credentials": {"directory": "/root/.aws"}} if {"team", "stored"} & {*names} else {}


def entry(found: dict[str, HostFile]) -> dict[str, Any]:
    """The `[[runners]]` entry of the manager's config.toml."""
    (runner,) = tomllib.loads(found["config.toml"].content)["runners"]
    return dict(runner)


def test_static_passwords_need_no_service() -> None:
    """printf me:canary-1 | base64 gives bWU6Y2FuYXJ5LTE=."""
    found = files("legacy", passwords={"legacy": ("me", "canary-1")}, runner_ids={"build": 7})
    assert {path: file.mode for path, file in found.items()} == {
        "config.toml": "0600",
        "registries": "0600",
        "gitlab-runner-manager": "0755",
        "home/.docker/config.json": "0600",
        "passwords/legacy": "0600",
    }
    assert (entry(found)["token"], entry(found)["id"]) == ("glrt-canary", 7)
    place = "/srv/gitlab-runner/current/passwords/legacy"
    assert found["registries"].content.splitlines()[-1] == f"registry.example.com:5000 file {place}"
    assert json.loads(found["home/.docker/config.json"].content) == {
        "auths": {"registry.example.com:5000": {"auth": "bWU6Y2FuYXJ5LTE="}}
    }
    assert found["home/.docker/config.json"].content.endswith("}\n")
    assert json.loads(found["passwords/legacy"].content) == {
        "ServerURL": "registry.example.com:5000",
        "Username": "me",
        "Secret": "canary-1",
    }


@pytest.mark.parametrize("name", ["team", "stored"])
def test_the_service_writes_the_configuration_of_dynamic_credentials(name: str) -> None:
    found = files("legacy", name, passwords={"legacy": ("me", "canary-1")})
    link = found["home/.docker/config.json"]
    assert (link.content, link.mode) == ("/run/gitlab-runner-credentials/config.json", "link")
    assert found["sbin/gitlab-runner-credentials"].mode == "0755"
    library = "lib/gitlab-runner-host/gitlab_runner_credentials"
    assert found[f"{library}/service.py"].mode == "0644"
    lines = found["registries"].content.splitlines()
    source = {
        "team": f"{ECR} helper /usr/bin/docker-credential-ecr-login",
        "stored": f"stored.example secret us-east-1 {SECRET}",
    }[name]
    assert source in lines
    assert entry(found)["token"] == "glrt-canary"
    assert "id" not in entry(found)


def test_an_access_key_and_authorities() -> None:
    authorities = {
        "all": {"pem": pem()},
        "gitlab": {"pem": pem("two"), "hosts": ["gitlab.example.com"]},
        "other": {"pem": pem("three"), "hosts": ["other.example.com"]},
    }
    found = files(access_key=("AKIAEXAMPLE", "canary-2"), authorities=authorities)
    assert found["aws/credentials"] == HostFile(
        "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = canary-2\n"
    )
    certificates = {path: file for path, file in found.items() if path.endswith(".crt")}
    assert {path: (file.mode, file.content) for path, file in certificates.items()} == {
        "certificate-authorities/all.crt": ("0644", pem()),
        next(each for each in certificates if "gitlab" in each): ("0644", pem("two")),
    }


def environment(docker: dict[str, Any], **more: Any) -> list[str]:
    host = (
        parse_stack(
            {
                "gitlab_url": "https://gitlab.example.com",
                "runners": {"build": {"group": 42, "host": {"docker": docker}}},
            }
        )
        .managers["build"]
        .host.docker
    )
    assert host
    return manager_environment(host, HERE, **more)


PATH = "PATH=/usr/local/lib/gitlab-runner-host/no-programs"
HOME = "HOME=/srv/gitlab-runner/current/home"


@pytest.mark.parametrize(
    ("credentials", "directory"),
    [
        ({"access_key": {"id": "AKIAEXAMPLE", "secret": "canary-2"}}, "/srv/gitlab-runner/current/aws"),
        ({"directory": "/root/.aws"}, "/srv/aws"),
    ],
)
def test_the_environment(credentials: dict[str, Any], directory: str) -> None:
    assert environment({}) == [HOME, PATH]
    assert environment({**IMAGE, "aws_credentials": credentials}) == [
        *(HOME, PATH),
        *(f"AWS_CONFIG_FILE={directory}/config", f"AWS_SHARED_CREDENTIALS_FILE={directory}/credentials"),
        *("AWS_PROFILE=default", "AWS_REGION=eu-west-1"),
    ]


def test_other_authorities_change_the_environment() -> None:
    """The process of the manager reads authorities when it starts."""
    one, two, of_hosts = (
        parse_authorities({"a": {"pem": text, **hosts}})
        for text, hosts in ((pem(), {}), (pem("two"), {}), (pem(), {"hosts": ["a.example"]}))
    )
    (first,) = (each for each in environment({}, authorities=one) if each.startswith("CERTIFICATE"))
    assert len(first) == len("CERTIFICATE_AUTHORITIES=") + 12
    assert first not in environment({}, authorities=two)
    assert environment({}, authorities=of_hosts) == [HOME, PATH]
