"""Credentials are there before the job: with real registries, and stores that misbehave."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY

from sandbox.docker.engine import PullError
from sandbox.docker.machine import ENVIRONMENT as USER
from tests.docker.runner_host import (
    CONFIG,
    ECR_IMAGE,
    LEGACY,
    LIST,
    OTHER_ACCOUNT_IMAGE,
    PARAMETER_IMAGE,
    PARTNER,
    REDIS,
    REFUSED,
    SECRET_IMAGE,
    SERVICE,
    SHARED,
    TEAM,
    RunnerHost,
)

pytestmark = pytest.mark.docker

STORED = (PARAMETER_IMAGE, SECRET_IMAGE)
PATIENCE_S = 60.0


@contextmanager
def serving(host: RunnerHost, **environment: str) -> Iterator[int]:
    """The service, and the number of its process in this machine."""
    with subprocess.Popen(
        [*host.docker.machine._entry(), SERVICE, "serve"],
        env={**USER, **host.docker.environment, **environment},
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def auths(host: RunnerHost) -> set[str]:
    """The registries that the Docker configuration has credentials for."""
    config = host.docker.machine.path(CONFIG)
    return set(json.loads(config.read_text())["auths"]) if config.exists() else set()


@contextmanager
def hanging_store(host: RunnerHost) -> Iterator[str]:
    """A store that takes connections and never answers; its address in the machine."""
    program = "import socket, time; s = socket.create_server(('127.0.0.1', 7)); time.sleep(600)"
    machine = host.docker.machine
    machine.serve("hanging", "/usr/bin/python3", "-c", program, ready=lambda: machine.listens("127.0.0.1", 7))
    try:
        yield "http://127.0.0.1:7"
    finally:
        machine.end("hanging")


def test_stores_that_hang_keep_no_other_registry_waiting(host: RunnerHost) -> None:
    """From the start on, when nothing is known of any registry."""
    host.docker.machine.run("rm", "-rf", DIRECTORY, check=True)
    with (
        hanging_store(host) as store,
        serving(host, AWS_ENDPOINT_URL_SSM=store, AWS_ENDPOINT_URL_SECRETS_MANAGER=store),
    ):
        wait_until(lambda: {TEAM.host, SHARED.host} <= auths(host))
        assert {LEGACY.host, PARTNER.host} & auths(host) == set()
        for image in (ECR_IMAGE, OTHER_ACCOUNT_IMAGE, REDIS):
            started = time.monotonic()
            host.resolve(image)
            # The patience with a store is 20 seconds.
            assert time.monotonic() - started < 2
            host.runner_pull(image)
            assert host.has(image)
        for image in STORED:
            with pytest.raises(PullError, match=REFUSED):
                host.runner_pull(image)
    host.ask_for_credentials(anew=True)


def test_what_a_store_answered_serves_while_it_hangs(host: RunnerHost) -> None:
    with (
        hanging_store(host) as store,
        serving(host, AWS_ENDPOINT_URL_SSM=store, AWS_ENDPOINT_URL_SECRETS_MANAGER=store),
    ):
        for image in (*STORED, ECR_IMAGE):
            host.runner_pull(image)
            assert host.has(image)


def test_fifty_pulls_at_once_while_credentials_are_renewed(host: RunnerHost) -> None:
    def renew() -> None:
        for _ in range(5):
            host.docker.machine.path(f"{DIRECTORY}/state.json").unlink()
            host.ask_for_credentials()

    images = [ECR_IMAGE, OTHER_ACCOUNT_IMAGE, PARAMETER_IMAGE, SECRET_IMAGE, REDIS] * 10
    with ThreadPoolExecutor(max_workers=51) as pool:
        renewing = pool.submit(renew)
        list(pool.map(host.runner_pull, images))
        renewing.result()
    assert all(host.has(image) for image in set(images))


def test_a_service_that_is_killed_while_it_asks_leaves_what_serves(host: RunnerHost) -> None:
    state = host.docker.machine.path(f"{DIRECTORY}/state.json")
    state.unlink()  # so that everything is asked for
    with hanging_store(host) as store, serving(host, AWS_ENDPOINT_URL=store) as pid:
        wait_until(state.exists)
        os.killpg(pid, signal.SIGKILL)
        for image in (ECR_IMAGE, *STORED):
            host.runner_pull(image)
            assert host.has(image)
    host.ask_for_credentials()
    assert {TEAM.host, LEGACY.host, PARTNER.host} <= auths(host)
    left = [path.name for path in Path(state.parent).iterdir()]
    assert sorted(left) == ["config.json", "state.json"]


def test_a_removed_registry_is_gone_and_a_new_one_there_within_moments(host: RunnerHost) -> None:
    path = host.docker.machine.path(LIST)
    whole = path.read_text()
    without = "".join(line for line in whole.splitlines(keepends=True) if not line.startswith(LEGACY.host))
    with serving(host):
        for text, there in ((without, False), (whole, True)):
            new = path.with_name("registries.new")
            new.write_text(text)
            new.rename(path)
            wait_until(lambda there=there: (LEGACY.host in auths(host)) is there)  # type: ignore[misc]
    assert {TEAM.host, PARTNER.host} <= auths(host)


def test_memory_that_is_full_keeps_what_serves(host: RunnerHost) -> None:
    machine = host.docker.machine
    kept = machine.path(CONFIG).read_text()
    machine.run("mount", "-t", "tmpfs", "-o", "size=8k,mode=0700", "tmpfs", DIRECTORY, check=True)
    try:
        machine.write(f"{DIRECTORY}/config.json", kept, 0o600)
        machine.run("sh", "-c", f"cat /dev/zero >{DIRECTORY}/full")
        said = host.ask_for_credentials()
        assert "No space left on device; what was there before stays" in said
        for image in (ECR_IMAGE, PARAMETER_IMAGE):
            host.runner_pull(image)
            assert host.has(image)
    finally:
        machine.run("umount", DIRECTORY, check=True)


@pytest.mark.parametrize("planted", ["config.json", "state.json"])
def test_a_planted_link_is_not_followed(host: RunnerHost, planted: str) -> None:
    machine = host.docker.machine
    machine.write("/srv/target", "untouched")
    place = machine.path(f"{DIRECTORY}/{planted}")
    place.unlink()
    place.symlink_to("/srv/target")
    host.ask_for_credentials()
    assert machine.path("/srv/target").read_text() == "untouched"
    host.runner_pull(ECR_IMAGE)
    assert host.has(ECR_IMAGE)


def test_it_is_readable_for_root_alone(host: RunnerHost) -> None:
    machine = host.docker.machine
    shown = machine.run(
        "stat", "-c", "%a %U", DIRECTORY, f"{DIRECTORY}/config.json", f"{DIRECTORY}/state.json"
    )
    assert shown.stdout.split("\n") == ["700 root", "600 root", "600 root", ""]
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    assert machine.run(*nobody, "cat", f"{DIRECTORY}/config.json").returncode != 0


def test_no_password_is_in_what_the_service_says(host: RunnerHost) -> None:
    host.replace_source(LEGACY, "helper /bin/false")
    said = host.ask_for_credentials(anew=True)
    state = host.docker.machine.path(f"{DIRECTORY}/state.json").read_text()
    assert LEGACY.host in said
    for image in (PARAMETER_IMAGE, SECRET_IMAGE, ECR_IMAGE):
        assert image.credentials
        assert image.credentials.password not in said + state
        assert json.dumps(image.credentials.password)[1:-1] not in said + state
