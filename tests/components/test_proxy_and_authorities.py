"""A proxy and certificate authorities from the program of a stack, on its hosts and workers."""

import json
import ssl
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_gitlab_runner import HostedRunnerAuth, RunnerHost, RunnerStack

from tests.authorities import authority, pem
from tests.components.recording import Recording, run
from tests.registry.double import DIGEST, PASSWORD, USERNAME, RegistryDouble, serving
from tests.user_data import decoded

URL = "http://proxy.example.com:3128"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SETTINGS = "/etc/gitlab-runner/environment"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/ci/token"
ANCHOR = "/etc/pki/ca-trust/source/anchors/gitlab-runner-own-1.crt"


def proxy_and_authorities(as_input: Callable[[str], Any] = pulumi.Output.from_input) -> dict[str, Any]:
    """A proxy and an authority, as Outputs of the program."""
    return {
        "proxy": {"http": as_input(URL)},
        "certificate_authorities": {"own": {"pem": as_input(pem())}},
    }


def record_stack(**further: Any) -> Recording:
    """Record a stack with a host and a fleet."""
    declared: Any = {
        "gitlab_url": "https://gitlab.example.com",
        "runners": {
            "build": {"group": 42, "image": "alpine:3", "host": {"user_namespaces": True}},
            "burst": {
                "group": 42,
                "image": "alpine:3",
                "fleet": {"instance_types": ["c7i.large"], "max_instances": 2, "user_namespaces": True},
            },
        },
    } | further
    return run(lambda: RunnerStack("ci", declared))[0]


def written_files(recording: Recording, name: str) -> dict[str, str]:
    """The files that user data writes, by their path."""
    text = decoded(recording.registered[TEMPLATE, name].inputs["userData"])
    return {each["path"]: each["content"] for each in yaml.safe_load(text)["write_files"]}


@pytest.fixture(scope="module")
def behind_proxy() -> Recording:
    return record_stack(**proxy_and_authorities())


@pytest.mark.parametrize("name", ["ci-build", "ci-burst", "ci-burst-workers"])
def test_each_machine_has_proxy_and_authorities_from_its_first_boot(
    behind_proxy: Recording, name: str
) -> None:
    files = written_files(behind_proxy, name)
    assert f"https_proxy={URL}\n" in files[SETTINGS]
    assert files[ANCHOR] == pem()
    assert ("USER_NAMESPACES=yes" in files["/etc/gitlab-runner-host"]) is (name == "ci-build")


def test_a_standalone_host_accepts_proxy_and_authorities() -> None:
    args: Any = {
        "runners": {
            "build": {
                "runner": {"group": 1, "image": "alpine:3", "host": {}},
                "runner_id": "1",
                "token": "glrt-x",
            }
        },
        "gitlab_url": "https://gitlab.example.com",
        "bucket": "the-bucket",
        "key_arn": "the-key",
        **proxy_and_authorities(),
    }
    files = written_files(run(lambda: RunnerHost("build", args))[0], "build")
    assert SETTINGS in files
    assert ANCHOR in files


def test_the_function_of_hosted_auth_trusts_the_authorities() -> None:
    args: Any = {
        "auth": {"registries": ["team"], "projects": [7], "gitlab_token": {"parameter": PARAMETER}},
        "registries": {"team": {"ecr": {}, "repositories": ["ci/base"]}},
        "gitlab_url": "https://gitlab.example.com",
        "certificate_authorities": proxy_and_authorities()["certificate_authorities"],
    }
    recording = run(lambda: HostedRunnerAuth("ecr", args))[0]
    code = recording.registered["aws:lambda/function:Function", "ecr"].inputs["code"]
    configuration = json.loads(code["assets"]["renewal/configuration.json"]["text"])
    assert configuration["gitlab_authorities"] == pem()


@pytest.mark.parametrize("trusted", [True, False])
def test_digests_are_looked_up_with_the_declared_authorities(*, trusted: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    with serving(RegistryDouble(), context) as registry:
        declared: Any = {
            "registries": {
                "own": {"host": registry.host, "static": {"username": USERNAME, "password": PASSWORD}}
            },
            "runners": {
                "build": {
                    "group": 1,
                    "image": f"{registry.host}/team/app:1",
                    "registries": ["own"],
                    "host": {},
                }
            },
            "certificate_authorities": {
                "own": {"pem": pem(), "hosts": ["127.0.0.1" if trusted else "elsewhere"]}
            },
        }
        recording = run(lambda: RunnerStack("ci", declared))[0]
    content = recording.registered["aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"].inputs["content"]
    config = json.loads(content)["etc/gitlab-runner/config.toml"]["content"]
    assert (f"/team/app:1@{DIGEST}" in config) is trusted
