"""Docker hosts: which declarations are valid, and which are refused with a fix."""

from copy import deepcopy
from typing import Any

import pytest
from pulumi_gitlab_runner.spec import Problem, parse_stack
from pulumi_gitlab_runner.spec.docker_hosts import AwsCredentials, DockerHost

from tests.spec.declaration import declaration, problems_of

HOST = "stack.runners.build.host"
DOCKER = f"{HOST}.docker"
IMAGE = "registry.example.com/ci/gitlab-runner:1"
DIRECTORY: dict[str, Any] = {"directory": "/root/.aws"}
ACCESS_KEY: dict[str, Any] = {"access_key": {"id": "AKIAEXAMPLE", "secret": "canary"}}
DECLARE_CREDENTIALS = "declare 'aws_credentials', the AWS credentials of the manager"
DOCKERFILE = "as docker/manager_image/Dockerfile of this library does for ECR and AWS"
NO_PROGRAM = "whose credentials need a program that GitLab's runner image does not contain"


def on_docker(
    docker: Any = None, *, registries: Any = ("legacy",), host: Any = None, **changes: Any
) -> dict[str, Any]:
    """The good declaration, with its runner on a Docker host."""
    declared = declaration() | changes
    declared["runners"]["build"] |= {
        "registries": list(registries),
        "image": "alpine:3",
        "host": {"docker": docker or {}, **(host or {})},
    }
    return declared


def docker_host(declared: Any) -> DockerHost:
    """The Docker host of the declared runner."""
    docker = parse_stack(declared).managers["build"].host.docker
    assert docker
    return docker


def test_the_defaults() -> None:
    assert docker_host(on_docker()) == DockerHost("gitlab/gitlab-runner:alpine-v19.3.0")
    assert docker_host(on_docker()).socket == "/var/run/docker.sock"


def test_the_image_follows_the_runner_version() -> None:
    declared = on_docker(host={"runner_version": "18.11.2"})
    assert docker_host(declared).image == "gitlab/gitlab-runner:alpine-v18.11.2"


@pytest.mark.parametrize(
    ("credentials", "built"),
    [
        (DIRECTORY, AwsCredentials("/root/.aws")),
        ({**DIRECTORY, "profile": "ci"}, AwsCredentials("/root/.aws", "ci")),
        (ACCESS_KEY, AwsCredentials()),
    ],
)
def test_credentials_of_aws(credentials: Any, built: AwsCredentials) -> None:
    declared = on_docker(
        {"image": IMAGE, "aws_credentials": credentials}, registries=["team", "legacy", "vault"], cache={}
    )
    assert docker_host(declared).aws_credentials == built


def test_the_manager_also_pins_its_own_image() -> None:
    (manager,) = parse_stack(on_docker({"image": IMAGE})).managers.values()
    assert manager.pinned_images == ("alpine:3", "redis:latest", IMAGE)


def test_a_stack_without_aws() -> None:
    declared = on_docker()
    declared["registries"] = {"legacy": declared["registries"]["legacy"]}
    assert not parse_stack(declared).in_aws
    declared["runners"]["other"] = {"group": 42, "host": {}}
    assert parse_stack(declared).in_aws


@pytest.mark.parametrize(
    ("changes", "in_aws"),
    [
        ({}, False),
        ({"cache": {}, "runners": {}}, False),
        ({"cache": {}}, True),
        ({"registries": {"hub": {"pull_through": "quay"}}}, True),
        ({"ecr_settings": {"eu-west-1": {"scanning": {"enhanced": True}}}}, True),
        ({"network": {}, "runners": {}}, True),
        ({"machine_images": {"docker": {}}}, True),
    ],
)
def test_a_stack_with_resources_in_aws(changes: Any, *, in_aws: bool) -> None:
    declared = on_docker({"image": IMAGE, "aws_credentials": DIRECTORY}, registries=[])
    declared["registries"] = {"legacy": declared["registries"]["legacy"]}
    declared |= deepcopy(changes)
    declared["variables"] = []
    assert parse_stack(declared).in_aws is in_aws


BAD: dict[str, tuple[Any, Problem]] = {
    "a key of EC2": (
        on_docker(host={"instance_type": "t3.large"}),
        Problem(
            f"{HOST}.instance_type",
            "'instance_type', together with 'docker'",
            "docker, concurrent, runner_version, config",
            "it applies only to EC2 hosts",
        ),
    ),
    "an address to listen on": (
        on_docker(host={"config": {"listen_address": "0.0.0.0:9252"}}),
        Problem(
            f"{HOST}.config.listen_address",
            "an address, together with 'docker'",
            "the other keys",
            "the manager listens in its container, for Docker's health check",
        ),
    ),
    "an image of a registry that its runner does not use": (
        on_docker({"image": "team/ci/base:1"}),
        Problem(
            f"{DOCKER}.image",
            "'team/ci/base:1', an image of the registry 'team'",
            "an image of the registries that this runner uses (legacy) or a public one",
            "add 'team' to the runner's registries",
        ),
    ),
    "a relative socket": (
        on_docker({"socket": "docker.sock"}),
        Problem(
            f"{DOCKER}.socket",
            "'docker.sock'",
            "an absolute path on the Docker host, such as /var/run/docker.sock",
        ),
    ),
    "no image": (
        on_docker({"image": "CI/Runner"}),
        Problem(
            f"{DOCKER}.image",
            "'CI/Runner': repository name (Runner) must be lowercase",
            "[HOST[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST], such as registry.example.com:5000/team/app:1.2",
        ),
    ),
    "ECR without credentials of AWS": (
        on_docker({"image": IMAGE}, registries=["team"]),
        Problem(
            "stack.runners.build.registries[0]",
            "'team', whose credentials come from AWS: a Docker host has no IAM role",
            "registries with a declared user and password, or GitLab's",
            DECLARE_CREDENTIALS,
        ),
    ),
    "ECR without its helper": (
        on_docker({"aws_credentials": DIRECTORY}, registries=["team"]),
        Problem(
            "stack.runners.build.registries[0]",
            f"'team', {NO_PROGRAM}",
            "an 'image' of the Docker host that contains it",
            f"build an image from GitLab's image, with docker-credential-ecr-login and python3, {DOCKERFILE}",
        ),
    ),
    "a secret store without its programs": (
        on_docker({"aws_credentials": DIRECTORY}, registries=["vault"]),
        Problem(
            "stack.runners.build.registries[0]",
            f"'vault', {NO_PROGRAM}",
            "an 'image' of the Docker host that contains it",
            f"build an image from GitLab's image, with aws and python3, {DOCKERFILE}",
        ),
    ),
    "two ways to AWS": (
        on_docker({"aws_credentials": {**DIRECTORY, **ACCESS_KEY}}),
        Problem(f"{DOCKER}.aws_credentials", "directory, access_key", "exactly one of directory, access_key"),
    ),
    "a profile of nothing": (
        on_docker({"aws_credentials": {"profile": "ci", **ACCESS_KEY}}),
        Problem(
            f"{DOCKER}.aws_credentials.profile",
            "a profile, with no 'directory'",
            "'profile' together with 'directory'",
        ),
    ),
    "a relative directory": (
        on_docker({"aws_credentials": {"directory": "~/.aws"}}),
        Problem(
            f"{DOCKER}.aws_credentials.directory",
            "'~/.aws'",
            "an absolute path on the Docker host, such as /root/.aws",
        ),
    ),
    "an empty access key": (
        on_docker({"aws_credentials": {"access_key": {"id": "AKIAEXAMPLE", "secret": ""}}}),
        Problem(
            f"{DOCKER}.aws_credentials.access_key.secret",
            "an empty value",
            "the ID and the secret of an access key",
        ),
    ),
    "a cache out of reach": (
        on_docker(cache={}),
        Problem(
            DOCKER,
            "no 'aws_credentials', in a stack with a cache",
            "the AWS credentials of the manager",
            "the cache is in S3, and a Docker host has no IAM role",
        ),
    ),
    "a network without hosts in it": (
        on_docker(network={}),
        Problem(
            "stack.network",
            "a VPC, for Docker hosts",
            "no 'network'",
            "the stack's network is only for EC2 hosts",
        ),
    ),
}


@pytest.mark.parametrize(("declared", "problem"), BAD.values(), ids=BAD)
def test_a_bad_docker_host_is_refused(declared: Any, problem: Problem) -> None:
    assert problems_of(declared) == [problem]


def test_a_runner_that_shares_the_host_is_checked_too() -> None:
    declared = on_docker()
    declared["runners"]["other"] = {"group": 42, "host_of": "build", "registries": ["team"]}
    assert {problem.path for problem in problems_of(declared)} == {"stack.runners.other.registries[0]"}


def test_a_fleet_has_its_manager_in_ec2() -> None:
    declared = declaration()
    declared["runners"]["burst"] = {
        "group": 42,
        "fleet": {"instance_types": ["c7i.large"], "max_instances": 2, "manager": {"docker": {}}},
    }
    (problem,) = problems_of(declared)
    assert (problem.path, problem.allowed) == ("stack.runners.burst.fleet.manager.docker", "an EC2 host")


def test_a_secret_of_the_wrong_type_is_not_shown() -> None:
    declared = on_docker({"aws_credentials": {"access_key": {"id": "AKIAEXAMPLE", "secret": 4711}}})
    (problem,) = problems_of(declared)
    assert "4711" not in str(problem)
