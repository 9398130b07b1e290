"""The stand-in for the Docker provider on a real engine: changes take effect, and reads return the state."""

import inspect
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pulumi_docker
import pytest
from docker.errors import APIError
from pulumi import _types

from sandbox.docker.engine import SOCKET
from sandbox.docker.prepare import prepare
from sandbox.docker.runner_image import runner_image
from sandbox.docker.sandbox import DockerSandbox
from sandbox.paths import sandbox_directory
from sandbox.progress import Progress
from sandbox.providers.docker.images import find_or_pull
from sandbox.providers.docker.provider import Docker
from sandbox.standin.provider import Incomplete, Refused
from tests.conformance.docker_cases import EVERYTHING, IMAGE
from tests.docker.images import forget_images
from tests.docker.provider import Provider

pytestmark = pytest.mark.docker

SLEEP = ["/bin/sleep", "60"]


@pytest.fixture(scope="module")
def provider(docker: DockerSandbox) -> Iterator[Provider]:
    files = runner_image(prepare(sandbox_directory(), Progress()))
    docker.engine.api.import_image_from_data(files, "shell", "1")
    provider = Provider(f"unix://{docker.machine.path(SOCKET)}")
    yield provider
    provider.close()
    forget_images(docker.engine)


def shell(script: str) -> list[str]:
    """A command that runs a script."""
    return ["/bin/sh", "-c", script]


@pytest.mark.parametrize("kind", [each.token.rpartition(":")[2] for each in Docker.resources])
def test_the_stand_in_serves_only_properties_of_the_official_provider(kind: str) -> None:
    served = next(each for each in Docker.resources if each.token.endswith(f":{kind}"))
    official = getattr(pulumi_docker, kind)
    arguments = getattr(pulumi_docker, f"{kind}Args", None) or official
    names = set(_types.input_type_py_to_pulumi_names(arguments).values())
    assert served.inputs.keys() <= names
    outputs = {name for name, _ in inspect.getmembers(official, lambda each: isinstance(each, property))}
    assert {_types_python(name) for name in served.outputs} <= outputs


def _types_python(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize(
    ("kind", "inputs", "other"),
    [
        ("Network", {"labels": [{"label": "of", "value": "tests"}]}, {"internal": True}),
        ("Volume", {"labels": [{"label": "of", "value": "tests"}]}, {"name": "another"}),
    ],
)
def test_networks_and_volumes(provider: Provider, kind: str, inputs: Any, other: Any) -> None:
    with provider.made(kind, **inputs) as made:
        assert made.inputs["name"].startswith("it-")
        assert provider.changes(made) == {}
        assert set(provider.changes(made, **other).values()) == {True}
        state = provider.read(made)
        assert state
        assert state.outputs == made.outputs
        provider.delete(made)
        assert provider.read(made) is None


def test_a_name_that_a_network_has_is_refused(provider: Provider) -> None:
    with (
        provider.made("Network", name="taken"),
        pytest.raises(APIError, match="network with name taken already exists"),
        provider.made("Network", name="taken"),
    ):
        pass


def test_the_engine_chooses_instead_of_an_empty_text(provider: Provider) -> None:
    with provider.made("Network", driver="") as network, provider.made("Volume", driver="") as volume:
        assert (network.outputs["driver"], volume.outputs["driver"]) == ("bridge", "local")
        assert provider.changes(network) == {}
        assert provider.changes(network, driver="bridge") == {}
        assert provider.changes(network, driver="macvlan") == {"driver": True}


def test_the_inputs_of_a_container_are_read_back(provider: Provider) -> None:
    with provider.made("Container", **EVERYTHING) as made:
        assert provider.changes(made) == {}
        state = provider.read(made)
        assert state
        read = {name: state.outputs[name] for name in EVERYTHING if name != "healthcheck"}
        assert read == {name: value for name, value in EVERYTHING.items() if name != "healthcheck"}
        assert set(provider.changes(made, hostname="other", stopTimeout=8).values()) == {True}
        assert provider.changes(made, hostname="", labels=[]) == {}
        assert set(provider.changes(made, envs=[]).values()) == {True}


def test_files_volumes_and_networks_reach_a_container(provider: Provider) -> None:
    script = "cat /in/file; stat -c %a /in/file; touch /there/written; cat /etc/hosts; ls -l /sys/class/net"
    with (
        provider.made("Network") as network,
        provider.made("Volume") as volume,
        provider.made(
            "Container",
            image=IMAGE,
            command=shell(script),
            uploads=[{"file": "/in/file", "content": "a secret\n", "permissions": "0640"}],
            volumes=[{"volumeName": volume.outputs["name"], "containerPath": "/there"}],
            networksAdvanced=[{"name": network.outputs["name"], "aliases": ["it"]}],
            attach=True,
            logs=True,
            mustRun=False,
        ) as made,
    ):
        assert made.outputs["exitCode"] == 0
        assert made.outputs["containerLogs"].startswith("a secret\n640\n")
        assert "eth0" in made.outputs["containerLogs"]
        with pytest.raises(APIError, match="in use"):
            provider.delete(volume)
        again = provider.made(
            "Container",
            image=IMAGE,
            command=shell("ls /there"),
            mounts=[
                {"type": "volume", "source": volume.outputs["name"], "target": "/there", "readOnly": True}
            ],
            attach=True,
            logs=True,
            mustRun=False,
        )
        with again as reading:
            assert reading.outputs["containerLogs"] == "written\n"


def test_a_failed_command_returns_its_exit_code(provider: Provider) -> None:
    with provider.made("Container", image=IMAGE, command=shell("exit 3"), attach=True, mustRun=False) as made:
        assert made.outputs["exitCode"] == 3


def test_a_restart_policy_changes_in_place_and_a_tmpfs_does_not(
    provider: Provider, docker: DockerSandbox
) -> None:
    with provider.made("Container", image=IMAGE, command=SLEEP) as made:
        assert provider.changes(made, restart="always") == {"restart": False}
        provider.change(made, restart="always")
        container = docker.engine.api.inspect_container(made.id)
        assert container["HostConfig"]["RestartPolicy"]["Name"] == "always"
        with pytest.raises(Refused, match="tmpfs cannot be changed"):
            provider.change(made, tmpfs={"/run": ""})


def test_a_stopped_container_is_found_and_started(provider: Provider, docker: DockerSandbox) -> None:
    with provider.made("Container", image=IMAGE, command=SLEEP) as made:
        docker.engine.api.kill(made.id)
        docker.engine.api.wait(made.id)
        state = provider.read(made)
        assert state
        made.inputs, made.outputs = state.inputs, state.outputs
        assert provider.changes(made, mustRun=True) == {"mustRun": False}
        provider.change(made, mustRun=True)
        assert docker.engine.api.inspect_container(made.id)["State"]["Running"]
        provider.delete(made)
        assert provider.read(made) is None


def test_a_creation_waits_for_a_healthy_container(provider: Provider) -> None:
    check = {"tests": ["CMD", "/bin/true"], "interval": "100ms"}
    with provider.made("Container", image=IMAGE, command=SLEEP, healthcheck=check, wait=True) as made:
        assert provider.changes(made) == {}


def test_a_container_that_never_becomes_healthy_is_an_error(provider: Provider) -> None:
    check = {"tests": ["CMD", "/bin/false"], "interval": "100ms"}
    with (
        pytest.raises(Incomplete, match="was not healthy within 1 s"),
        provider.made("Container", image=IMAGE, command=SLEEP, healthcheck=check, wait=True, waitTimeout=1),
    ):
        pass


def test_a_deleted_container_has_its_grace_period(provider: Provider, docker: DockerSandbox) -> None:
    script = "trap 'until [ -e /run/done ]; do sleep 0.1; done; exit' QUIT; touch /run/ready; sleep 60 & wait"
    with provider.made(
        "Container", image=IMAGE, command=shell(script), stopSignal="SIGQUIT", destroyGraceSeconds=30
    ) as made:
        api = docker.engine.api

        def runs(*command: str) -> bool:
            started = api.exec_create(made.id, list(command))["Id"]
            api.exec_start(started)
            return bool(api.exec_inspect(started)["ExitCode"] == 0)

        deadline = time.monotonic() + 20
        while not runs("/usr/bin/test", "-e", "/run/ready") and time.monotonic() < deadline:
            time.sleep(0.05)
        deletion = threading.Thread(target=provider.delete, args=(made,))
        deletion.start()
        deletion.join(0.5)
        assert deletion.is_alive()
        assert runs("/bin/touch", "/run/done")
        deletion.join(20)
        assert not deletion.is_alive()
        assert provider.read(made) is None


def test_an_image_is_pulled_by_its_digest(docker: DockerSandbox) -> None:
    api = docker.engine.api
    by_tag = find_or_pull(api, "redis:latest")
    api.remove_image("redis:latest")
    by_digest = find_or_pull(api, by_tag["RepoDigests"][0].replace("@", ":latest@"))
    assert by_digest["Id"] == by_tag["Id"]
    api.remove_image(by_digest["Id"])


def test_an_image_that_does_not_exist_is_refused(provider: Provider) -> None:
    with (
        pytest.raises(Refused, match="unable to pull image nobody/has:1") as error,
        provider.made("Container", image="nobody/has:1"),
    ):
        pass
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"gpus": "all"}, "gpus: a property that the sandbox does not serve"),
        ({"wait": True}, "wait: not allowed without a healthcheck"),
        ({"uploads": [{"file": "/it"}]}, "uploads[0]: one of content and contentBase64 must be given"),
        ({"restart": "sometimes"}, 'restart: "sometimes" is not allowed'),
        ({"healthcheck": {"tests": ["CMD"], "interval": "soon"}}, "healthcheck.interval: "),
    ],
)
def test_invalid_inputs_are_refused(provider: Provider, inputs: Any, expected: str) -> None:
    _, failures = provider.check("Container", {"image": IMAGE, **inputs})
    assert [failure for failure in failures if failure.startswith(expected)], json.dumps(failures)


def test_an_unreachable_engine_is_reported() -> None:
    with pytest.raises(Refused, match=r"no Docker Engine answers at tcp://127\.0\.0\.1:9: docker:host"):
        Provider("tcp://127.0.0.1:9")


def test_no_engine_is_used_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with pytest.raises(Refused, match="no host for Docker: set docker:host in the stack, or DOCKER_HOST"):
        Docker().configure({})
