"""A runner manager on a Docker host: its two containers, and what each of them receives."""

import base64
import json
import tomllib
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner import DockerRunnerHost, RunnerHost, RunnerStack

from tests.components.recording import ACCOUNT, REGION, RUNNER_TOKEN, Cloud, Recording, Registered, run
from tests.registry.fixtures import only_loopback

__all__ = ["only_loopback"]

PASSWORD, SECRET_KEY = "canary-of-the-password", 'canary "of" the key'
IMAGE = "registry.example.com:5000/ci/gitlab-runner:1"
CONTAINER = "docker:index/container:Container"
LEGACY: Any = {"host": "registry.example.com:5000", "static": {"username": "me", "password": PASSWORD}}
AWS: Any = {"image": IMAGE, "aws_credentials": {"access_key": {"id": "AKIAEXAMPLE", "secret": SECRET_KEY}}}


def declared(docker: Any = None, **changes: Any) -> Any:
    """A stack with one runner on a Docker host."""
    return {
        "gitlab_url": "https://gitlab.example.com",
        "registries": {"legacy": LEGACY},
        "runners": {
            "build": {
                "group": 42,
                "registries": ["legacy"],
                "maximum_timeout": 3600,
                "host": {"docker": docker or {}, "concurrent": 2},
            }
        },
    } | changes


def in_aws(docker: Any = AWS) -> Any:
    """The same stack with ECR and a cache."""
    stack = declared(docker, cache={})
    stack["registries"]["team"] = {"ecr": {}, "repositories": ["ci/base"]}
    stack["runners"]["build"]["registries"] = ["legacy", "team"]
    return stack


def up(stack: Any) -> tuple[Recording, Any]:
    """Run a stack; return the recording, and the outputs of the stack."""

    def program() -> Any:
        runner_stack = RunnerStack("ci", stack)
        return {
            "runners": runner_stack.runners,
            "policies": runner_stack.docker_policies,
            "required": runner_stack.required_policies,
        }

    return run(program)


def container(recording: Recording, name: str) -> Registered:
    return recording.registered[CONTAINER, name]


def files(recording: Recording) -> dict[str, str]:
    """The files that are delivered, by their path."""
    uploads = container(recording, "ci-build-files").inputs["uploads"]
    return {each["file"].removeprefix("/delivery/"): each["content"] for each in uploads}


def test_a_docker_host_has_a_network_a_volume_and_two_containers() -> None:
    recording, outputs = up(declared())
    created = {key: each.parent for key, each in recording.registered.items() if key[0].startswith("docker:")}
    parent = "gitlab-runner:index:DockerRunnerHost::ci-build"
    assert created == {
        ("docker:index/network:Network", "ci-build"): parent,
        ("docker:index/volume:Volume", "ci-build"): parent,
        (CONTAINER, "ci-build-files"): parent,
        (CONTAINER, "ci-build"): parent,
    }
    assert outputs["runners"]["build"]["host"] == "ci-build-0a1b2c3"
    assert recording.lacking_outputs() == set()


def test_nothing_is_created_in_aws_without_need() -> None:
    kinds = {kind for kind, _ in up(declared())[0].registered}
    assert not any(kind.startswith("aws:") or kind.endswith("HostStore") for kind in kinds)


def test_the_manager_stops_after_its_last_job_and_has_a_health_check() -> None:
    inputs = container(up(declared())[0], "ci-build").inputs
    assert {
        key: inputs[key] for key in ("stopSignal", "stopTimeout", "destroyGraceSeconds", "restart", "wait")
    } == {
        "stopSignal": "SIGQUIT",
        "stopTimeout": 3600,
        "destroyGraceSeconds": 4800,
        "restart": "unless-stopped",
        "wait": True,
    }
    assert inputs["healthcheck"]["tests"][-1] == "http://127.0.0.1:9252/metrics"


def test_the_deletion_of_a_manager_may_take_as_long_as_its_longest_job() -> None:
    timeouts = container(up(declared())[0], "ci-build").request.customTimeouts
    assert timeouts.delete == "4920s"


@pytest.mark.parametrize("name", ["ci-build", "ci-build-files"])
def test_a_new_container_is_created_before_the_old_one_is_deleted(name: str) -> None:
    """By default, the official provider deletes a container first."""
    request = container(up(declared())[0], name).request
    assert (request.deleteBeforeReplaceDefined, request.deleteBeforeReplace) == (True, False)


def test_a_changed_configuration_does_not_change_the_manager() -> None:
    before, after = declared(), declared()
    after["runners"]["build"]["host"] |= {"concurrent": 9, "config": {"log_level": "debug"}}
    after["registries"]["legacy"] = LEGACY | {"static": {"username": "me", "password": "another"}}
    one, other = up(before)[0], up(after)[0]
    assert container(one, "ci-build").inputs == container(other, "ci-build").inputs
    assert files(one) != files(other)


def test_the_files_of_a_manager() -> None:
    delivered = files(up(declared())[0])
    config = tomllib.loads(delivered["files/config.toml"])
    (runner,) = config["runners"]
    assert (config["concurrent"], config["listen_address"]) == (2, "127.0.0.1:9252")
    assert (runner["id"], runner["token"], runner["executor"]) == (11, RUNNER_TOKEN, "docker")
    assert runner["feature_flags"]["FF_NETWORK_PER_BUILD"] is True
    # If all passwords are in the declaration, no credential helper is needed.
    auth = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    assert json.loads(delivered["files/home/.docker/config.json"]) == {
        "auths": {"registry.example.com:5000": {"auth": auth}}
    }
    assert delivered["links"] == ""
    assert "files/sbin/gitlab-runner-credentials" not in delivered
    assert delivered["files/registries"].endswith(
        "\nregistry.example.com:5000 file /srv/gitlab-runner/current/passwords/legacy\n"
    )
    assert json.loads(delivered["files/passwords/legacy"]) == {
        "ServerURL": "registry.example.com:5000",
        "Username": "me",
        "Secret": PASSWORD,
    }


def test_only_the_uploads_contain_secrets_and_they_are_secret() -> None:
    recording, _ = up(in_aws())
    for (kind, name), each in recording.registered.items():
        containing = {
            key
            for key, value in each.inputs.items()
            for secret in (PASSWORD, RUNNER_TOKEN, "canary")
            if kind.startswith("docker:") and secret in json.dumps(value)
        }
        assert containing <= each.secrets
        assert containing == ({"uploads"} if name == "ci-build-files" else set())


def test_a_preview_shows_changes_in_the_configuration() -> None:
    delivery = container(up(declared())[0], "ci-build-files")
    (label,) = delivery.inputs["labels"]
    assert "labels" not in delivery.secrets
    assert "concurrent = 2" in label["value"]
    assert "@RUNNER_TOKEN_build@" in label["value"]
    assert 'id = "@RUNNER_ID_build@"' in label["value"]


def test_a_preview_shows_the_configuration_of_a_new_runner() -> None:
    recording, _ = run(lambda: RunnerStack("ci", declared()), preview=True)
    (label,) = container(recording, "ci-build-files").inputs["labels"]
    assert "concurrent = 2" in label["value"]


def test_a_preview_registers_everything() -> None:
    recording, _ = run(lambda: RunnerStack("ci", declared()), preview=True)
    assert (CONTAINER, "ci-build") in recording.registered


def test_aws_credentials_in_the_declaration() -> None:
    recording, outputs = up(in_aws())
    assert files(recording)["files/aws/credentials"].splitlines() == [
        "[default]",
        "aws_access_key_id = AKIAEXAMPLE",
        f"aws_secret_access_key = {SECRET_KEY}",
    ]
    environment = container(recording, "ci-build").inputs["envs"]
    assert f"AWS_REGION={REGION}" in environment
    assert "AWS_SHARED_CREDENTIALS_FILE=/srv/gitlab-runner/current/aws/credentials" in environment
    statements = json.loads(outputs["policies"]["build"])["Statement"]
    assert {each["Sid"] for each in statements} == {"EcrToken", "EcrPull", "CacheObjects", "CacheMisses"}
    (pull,) = (each for each in statements if each["Sid"] == "EcrPull")
    assert pull["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ci/base"]


def test_aws_credentials_in_a_directory_of_the_docker_host() -> None:
    credentials = {"directory": "/etc/ci/aws", "profile": "ci"}
    recording, _ = up(
        in_aws({"image": IMAGE, "aws_credentials": credentials, "socket": "/run/user/7/d.sock"})
    )
    inputs = container(recording, "ci-build").inputs
    assert {"AWS_PROFILE=ci", "AWS_CONFIG_FILE=/srv/aws/config"} <= set(inputs["envs"])
    shared = {
        each.get("hostPath"): (each["containerPath"], each.get("readOnly")) for each in inputs["volumes"]
    }
    assert shared["/etc/ci/aws"] == ("/srv/aws", True)
    assert shared["/run/user/7/d.sock"] == ("/var/run/docker.sock", None)
    assert not any(path.startswith("files/aws") for path in files(recording))


def test_without_aws_credentials_there_is_no_policy() -> None:
    assert up(declared())[1] == {
        "runners": {"build": {"id": "11", "tags": [], "scope": "group 42", "host": "ci-build-0a1b2c3"}},
        "policies": {},
        "required": {},
    }


def test_more_job_networks_than_docker_has_by_default_are_a_warning() -> None:
    stack = declared()
    for concurrent, warned in ((14, False), (15, True)):
        stack["runners"]["build"]["host"]["concurrent"] = concurrent
        warnings = "".join(up(stack)[0].warnings)
        assert ("default-address-pools" in warnings) is warned


def test_a_runner_may_use_no_registry() -> None:
    stack = declared(registries={})
    stack["runners"]["build"]["registries"] = []
    assert json.loads(files(up(stack)[0])["files/home/.docker/config.json"]) == {"auths": {}}


def standalone(**args: Any) -> Callable[[], Any]:
    """A program with the component alone."""
    runners = {"build": {"runner": declared()["runners"]["build"], "runner_id": "11", "token": RUNNER_TOKEN}}
    given: Any = {
        "runners": runners,
        "registries": {"legacy": LEGACY},
        "gitlab_url": "https://gitlab.example.com",
    }
    return lambda: DockerRunnerHost("ci", given | args).policy


def test_the_files_are_secret_without_secrets_in_the_declaration() -> None:
    runner = declared()["runners"]["build"] | {"registries": []}
    runners = {"build": {"runner": runner, "runner_id": "11", "token": "glrt-canary"}}
    recording, _ = run(standalone(runners=runners, registries={}))
    (delivery,) = (each for each in recording.registered.values() if "uploads" in each.inputs)
    assert "glrt-canary" in json.dumps(delivery.inputs["uploads"])
    assert "uploads" in delivery.secrets


def test_the_image_may_be_an_output() -> None:
    recording, policy = run(standalone(image=pulumi.Output.from_input(f"{IMAGE}@sha256:{'0' * 64}")))
    assert policy == ""
    images = {each.inputs["image"] for (kind, _), each in recording.registered.items() if kind == CONTAINER}
    assert images == {f"{IMAGE}@sha256:{'0' * 64}"}


def test_an_image_that_is_known_later_may_be_used_with_ecr() -> None:
    runner = in_aws({"aws_credentials": {"directory": "/root/.aws"}})["runners"]["build"]
    hosted = {"build": {"runner": runner, "runner_id": "11", "token": RUNNER_TOKEN}}
    registries = {"legacy": LEGACY, "team": {"ecr": {}, "repositories": ["ci/base"]}}
    _, policy = run(standalone(image=pulumi.Output.from_input(IMAGE), runners=hosted, registries=registries))
    assert "EcrPull" in policy


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("gitlab-runner-deliver: gitlab-runner refuses config.toml; the files of before stay\n", "refuses"),
        ("", "did not complete"),
    ],
    ids=["refused", "half made"],
)
def test_a_failed_delivery_is_an_error_and_starts_no_manager(
    monkeypatch: pytest.MonkeyPatch, output: str, reason: str
) -> None:
    monkeypatch.setattr(Cloud, "delivery_says", output)
    seen: list[Recording] = []
    with pytest.raises(pulumi.RunError, match="were not delivered") as error:
        run(lambda: RunnerStack("ci", declared()), seen=seen)
    assert reason in str(error.value)
    assert "pulumi up --replace 'urn:" in str(error.value)
    assert (CONTAINER, "ci-build") not in seen[0].registered


def test_a_runner_with_a_host_on_ec2_is_refused() -> None:
    runner = {"group": 42, "host": {}}
    hosted = {"build": {"runner": runner, "runner_id": "11", "token": RUNNER_TOKEN}}
    with pytest.raises(
        pulumi.RunError, match=r"\nci\.runners\.build\.runner\n  found:   a runner with a host on EC2"
    ):
        run(standalone(runners=hosted))


def test_an_image_is_checked_when_the_account_is_known() -> None:
    stack = in_aws()
    stack["runners"]["build"]["image"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/gone:1"
    hosted = {"build": {"runner": stack["runners"]["build"], "runner_id": "11", "token": RUNNER_TOKEN}}
    message = r"\nci\.runners\.build\.runner\.image\n  found:   the repository 'gone'"
    with pytest.raises(pulumi.RunError, match=message):
        run(standalone(runners=hosted, registries=stack["registries"]))


def test_a_host_on_ec2_refuses_a_runner_with_a_docker_host() -> None:
    hosted = {"build": {"runner": declared()["runners"]["build"], "runner_id": "11", "token": RUNNER_TOKEN}}
    given: Any = {
        "runners": hosted,
        "registries": {"legacy": LEGACY},
        "gitlab_url": "https://gitlab.example.com",
        "bucket": "the-bucket",
        "key_arn": "the-key",
    }
    with pytest.raises(pulumi.RunError, match="use DockerRunnerHost"):
        run(lambda: RunnerHost("ci", given))
