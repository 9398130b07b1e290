"""The two containers of a runner manager, input by input."""

import json
from collections.abc import Mapping
from typing import Any
from unittest.mock import ANY

import pytest
from pulumi_gitlab_runner import RunnerStack

from tests.components.recording import Registered, run

IMAGE = "registry.example.com:5000/ci/gitlab-runner:1"
AT_REST = "/srv/gitlab-runner"

MANAGER: dict[str, Any] = {
    "image": IMAGE,
    "entrypoints": ["/bin/sh", "/srv/gitlab-runner/current/gitlab-runner-manager"],
    "envs": [
        "HOME=/srv/gitlab-runner/current/home",
        "PATH=/usr/local/lib/gitlab-runner-host/no-programs",
        "AWS_CONFIG_FILE=/srv/aws/config",
        "AWS_SHARED_CREDENTIALS_FILE=/srv/aws/credentials",
        "AWS_PROFILE=default",
        "AWS_REGION=eu-west-1",
    ],
    "init": True,
    "restart": "unless-stopped",
    "volumes": [
        {"volumeName": "ci-build-0a1b2c3", "containerPath": AT_REST, "readOnly": True},
        {"hostPath": "/var/run/docker.sock", "containerPath": "/var/run/docker.sock"},
        {"hostPath": "/root/.aws", "containerPath": "/srv/aws", "readOnly": True},
    ],
    # Credentials are not on a disk, and no job reads them.
    "tmpfs": {"/run/gitlab-runner-credentials": "mode=0700"},
    "networksAdvanced": [{"name": "ci-build-0a1b2c3"}],
    "logDriver": "json-file",
    "logOpts": {"max-size": "10m", "max-file": "3"},
    # docs.gitlab.com/runner/commands: SIGQUIT lets running jobs end.
    "stopSignal": "SIGQUIT",
    "stopTimeout": 3600,
    "destroyGraceSeconds": 4800,
    "healthcheck": {
        "tests": ["CMD", "/usr/bin/wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9252/metrics"],
        "interval": "5s",
        "timeout": "5s",
        "startPeriod": "30s",
        "retries": 3,
    },
    "wait": True,
    "waitTimeout": 120,
}
DELIVERY: dict[str, Any] = {
    "image": IMAGE,
    "entrypoints": ["/bin/sh", "/delivery/gitlab-runner-deliver"],
    "networkMode": "none",
    "volumes": [{"volumeName": "ci-build-0a1b2c3", "containerPath": AT_REST}],
    "labels": [{"label": "gitlab-runner.config", "value": ANY}],
    "uploads": ANY,
    "attach": True,
    "logs": True,
    "mustRun": False,
}
MODES = {
    "links": "0600",
    "gitlab-runner-deliver": "0755",
    "files/config.toml": "0600",
    "files/gitlab-runner-manager": "0755",
    "files/passwords/legacy": "0600",
    "files/registries": "0600",
    "files/sbin/gitlab-runner-credentials": "0755",
}
LIBRARY = "files/lib/gitlab-runner-host/gitlab_runner_credentials/"


@pytest.fixture(scope="module")
def containers() -> Mapping[str, Registered]:
    login = {"username": "me", "password": "canary-of-the-password"}
    docker = {"image": IMAGE, "aws_credentials": {"directory": "/root/.aws"}}
    declared: Any = {
        "gitlab_url": "https://gitlab.example.com",
        "registries": {
            "legacy": {"host": "registry.example.com:5000", "static": login},
            "team": {"ecr": {}, "repositories": ["ci/base"]},
        },
        "runners": {
            "build": {
                "group": 42,
                "registries": ["legacy", "team"],
                "maximum_timeout": 3600,
                "host": {"docker": docker},
            }
        },
    }
    recording = run(lambda: RunnerStack("ci", declared))[0]
    return {each.name: each for each in recording.all_registered if each.type.endswith(":Container")}


@pytest.mark.parametrize(("name", "inputs"), [("ci-build", MANAGER), ("ci-build-files", DELIVERY)])
def test_the_inputs_of_each_container(
    containers: Mapping[str, Registered], name: str, inputs: dict[str, Any]
) -> None:
    assert containers[name].inputs == inputs


def test_each_file_has_its_mode(containers: Mapping[str, Registered]) -> None:
    uploads = containers["ci-build-files"].inputs["uploads"]
    modes = {each["file"].removeprefix("/delivery/"): each["permissions"] for each in uploads}
    assert {path: mode for path, mode in modes.items() if not path.startswith(LIBRARY)} == MODES
    assert {mode for path, mode in modes.items() if path.startswith(LIBRARY)} == {"0644"}


def test_files_in_memory_are_linked(containers: Mapping[str, Registered]) -> None:
    """A link to another path of the container is a line of a file, since an upload cannot be a link."""
    (links,) = (
        each for each in containers["ci-build-files"].inputs["uploads"] if each["file"] == "/delivery/links"
    )
    assert links["content"] == "home/.docker/config.json /run/gitlab-runner-credentials/config.json\n"


def test_the_manager_starts_after_its_files_are_delivered(containers: Mapping[str, Registered]) -> None:
    dependencies = {urn.rpartition("::")[2] for urn in containers["ci-build"].request.dependencies}
    assert "ci-build-files" in dependencies


def test_an_image_of_the_stack_is_pinned_and_the_key_of_the_cache_may_be_used() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/of-the-cache"
    docker = {"image": "team/ci/runner:1", "aws_credentials": {"directory": "/root/.aws"}}
    declared: Any = {
        "gitlab_url": "https://gitlab.example.com",
        "registries": {"team": {"ecr": {}, "repositories": ["ci/runner"]}},
        "runners": {"build": {"group": 42, "registries": ["team"], "host": {"docker": docker}}},
        "cache": {"kms_key": key},
    }
    recording, policies = run(lambda: RunnerStack("ci", declared).docker_policies)
    image = recording.registered["docker:index/container:Container", "ci-build"].inputs["image"]
    tag, _, digest = image.partition("@")
    assert tag == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/runner:1"
    assert digest.startswith("sha256:")
    statements = {each["Sid"]: each["Resource"] for each in json.loads(policies["build"])["Statement"]}
    assert statements == {
        "EcrToken": ["*"],
        "EcrPull": ["arn:aws:ecr:eu-west-1:123456789012:repository/ci/runner"],
        "CacheObjects": ["arn:aws:s3:::ci-0a1b2c3/runners/build/*"],
        "CacheMisses": ["arn:aws:s3:::ci-0a1b2c3"],
        "CacheKey": [key],
    }
