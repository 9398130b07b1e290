"""Credentials are available before the job, with real registries, and stores that fail."""

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

from sandbox.docker.machine import ENVIRONMENT as USER
from tests.docker.images import PullError
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
TIMEOUT_S = 60.0


@contextmanager
def serving(host: RunnerHost, **environment: str) -> Iterator[int]:
    """Run the service; yield the ID of its process on this machine."""
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


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def auths(host: RunnerHost) -> set[str]:
    """The registries that the Docker configuration has credentials for."""
    config = host.docker.machine.path(CONFIG)
    return set(json.loads(config.read_text())["auths"]) if config.exists() else set()


@contextmanager
def hanging_store(host: RunnerHost) -> Iterator[str]:
    """Run a store that accepts connections and never answers; yield its URL in the machine."""
    program = "import socket, time; s = socket.create_server(('127.0.0.1', 7)); time.sleep(600)"
    machine = host.docker.machine
    machine.serve("hanging", "/usr/bin/python3", "-c", program, ready=lambda: machine.listens("127.0.0.1", 7))
    try:
        yield "http://127.0.0.1:7"
    finally:
        machine.end("hanging")


def test_a_hanging_store_delays_no_other_registry(host: RunnerHost) -> None:
    """This includes the start, when no credentials are known yet."""
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
            # The timeout of a store is 20 seconds.
            assert time.monotonic() - started < 2
            host.runner_pull(image)
            assert host.has(image)
        for image in STORED:
            with pytest.raises(PullError, match=REFUSED):
                host.runner_pull(image)
    host.fetch_credentials(reset=True)


def test_the_last_answer_of_a_store_is_used_while_it_hangs(host: RunnerHost) -> None:
    with (
        hanging_store(host) as store,
        serving(host, AWS_ENDPOINT_URL_SSM=store, AWS_ENDPOINT_URL_SECRETS_MANAGER=store),
    ):
        for image in (*STORED, ECR_IMAGE):
            host.runner_pull(image)
            assert host.has(image)


def test_fifty_concurrent_pulls_succeed_while_credentials_are_renewed(host: RunnerHost) -> None:
    def renew() -> None:
        for _ in range(5):
            host.docker.machine.path(f"{DIRECTORY}/state.json").unlink()
            host.fetch_credentials()

    images = [ECR_IMAGE, OTHER_ACCOUNT_IMAGE, PARAMETER_IMAGE, SECRET_IMAGE, REDIS] * 10
    with ThreadPoolExecutor(max_workers=51) as pool:
        renewing = pool.submit(renew)
        list(pool.map(host.runner_pull, images))
        renewing.result()
    assert all(host.has(image) for image in set(images))


def test_credentials_are_kept_if_the_service_is_killed_during_a_request(host: RunnerHost) -> None:
    state = host.docker.machine.path(f"{DIRECTORY}/state.json")
    state.unlink()  # so that all credentials are fetched
    with hanging_store(host) as store, serving(host, AWS_ENDPOINT_URL=store) as pid:
        wait_until(state.exists)
        os.killpg(pid, signal.SIGKILL)
        for image in (ECR_IMAGE, *STORED):
            host.runner_pull(image)
            assert host.has(image)
    host.fetch_credentials()
    assert {TEAM.host, LEGACY.host, PARTNER.host} <= auths(host)
    remaining = [path.name for path in Path(state.parent).iterdir()]
    assert sorted(remaining) == ["config.json", "state.json"]


def test_a_running_service_applies_removed_and_added_registries(host: RunnerHost) -> None:
    path = host.docker.machine.path(LIST)
    whole = path.read_text()
    without = "".join(line for line in whole.splitlines(keepends=True) if not line.startswith(LEGACY.host))
    with serving(host):
        for text, expected in ((without, False), (whole, True)):
            new = path.with_name("registries.new")
            new.write_text(text)
            new.rename(path)
            wait_until(lambda expected=expected: (LEGACY.host in auths(host)) is expected)  # type: ignore[misc]
    assert {TEAM.host, PARTNER.host} <= auths(host)


def test_credentials_are_kept_if_memory_is_full(host: RunnerHost) -> None:
    machine = host.docker.machine
    kept = machine.path(CONFIG).read_text()
    machine.run("mount", "-t", "tmpfs", "-o", "size=8k,mode=0700", "tmpfs", DIRECTORY, check=True)
    try:
        machine.write(f"{DIRECTORY}/config.json", kept, 0o600)
        machine.run("sh", "-c", f"cat /dev/zero >{DIRECTORY}/full")
        output = host.fetch_credentials()
        assert "No space left on device; what was there before stays" in output
        for image in (ECR_IMAGE, PARAMETER_IMAGE):
            host.runner_pull(image)
            assert host.has(image)
    finally:
        machine.run("umount", DIRECTORY, check=True)


@pytest.mark.parametrize("planted", ["config.json", "state.json"])
def test_a_planted_link_is_not_followed(host: RunnerHost, planted: str) -> None:
    machine = host.docker.machine
    machine.write("/srv/target", "untouched")
    link = machine.path(f"{DIRECTORY}/{planted}")
    link.unlink()
    link.symlink_to("/srv/target")
    host.fetch_credentials()
    assert machine.path("/srv/target").read_text() == "untouched"
    host.runner_pull(ECR_IMAGE)
    assert host.has(ECR_IMAGE)


def test_credentials_are_readable_only_by_root(host: RunnerHost) -> None:
    machine = host.docker.machine
    shown = machine.run(
        "stat", "-c", "%a %U", DIRECTORY, f"{DIRECTORY}/config.json", f"{DIRECTORY}/state.json"
    )
    assert shown.stdout.split("\n") == ["700 root", "600 root", "600 root", ""]
    unprivileged = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    assert machine.run(*unprivileged, "cat", f"{DIRECTORY}/config.json").returncode != 0


def test_no_password_is_in_the_output_or_the_state_of_the_service(host: RunnerHost) -> None:
    host.replace_source(LEGACY, "helper /bin/false")
    output = host.fetch_credentials(reset=True)
    state = host.docker.machine.path(f"{DIRECTORY}/state.json").read_text()
    assert LEGACY.host in output
    for image in (PARAMETER_IMAGE, SECRET_IMAGE, ECR_IMAGE):
        assert image.credentials
        assert image.credentials.password not in output + state
        assert json.dumps(image.credentials.password)[1:-1] not in output + state
