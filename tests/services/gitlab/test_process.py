"""The double as a separate process: its port, its log, and the snapshot over HTTP."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.services.gitlab.snapshot import snapshot

CHECKOUT = Path(__file__).resolve().parents[3]
TOKEN = "canary-of-the-administrator"
RUNNER_TOKEN = "glrt-canary-of-the-runner"
VALUE = "canary-of-a-value"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def base_url(directory):
    port = free_port()
    environment = os.environ | {
        "GITLAB_TOKEN": TOKEN,
        "SANDBOX_RUNNER_TOKEN": RUNNER_TOKEN,
        "SANDBOX_DIR": str(directory),
        "PYTHONPATH": str(CHECKOUT),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.services.gitlab", "--port", str(port)], env=environment
    )
    url = f"http://127.0.0.1:{port}/api/v4/"
    for _ in range(200):
        try:
            httpx.get(f"{url}version")
            break
        except httpx.TransportError:
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(10)


def test_a_snapshot_shows_created_and_not_deleted_resources(base_url):
    before = snapshot(base_url, TOKEN)
    with httpx.Client(base_url=base_url, headers={"Private-Token": TOKEN}) as client:
        for place in ("groups/42", "projects/7", "admin/ci"):
            client.post(f"{place}/variables", json={"key": "KEY", "value": VALUE}).raise_for_status()
        runner = client.post("user/runners", json={"runner_type": "group_type", "group_id": 42}).json()
        assert runner["token"].startswith(RUNNER_TOKEN)
        between = snapshot(base_url, TOKEN)
        assert list(between["runners"]) == [1]
        assert [place for place, found in between["variables"].items() if found] == [
            "instance",
            "group 42",
            "project 7",
        ]
        client.post("runners/verify", json={"token": f"{RUNNER_TOKEN}-1"}).raise_for_status()
        assert snapshot(base_url, TOKEN) == between
        client.delete("runners/1")
        for place in ("groups/42", "projects/7", "admin/ci"):
            client.delete(f"{place}/variables/KEY")
    assert snapshot(base_url, TOKEN) == before


def test_the_log_names_requests_and_no_secret(base_url, directory):
    httpx.get(f"{base_url}projects/7", params={"private_token": TOKEN}).raise_for_status()
    httpx.put(f"{base_url}projects/7/variables/KEY", headers={"Private-Token": TOKEN}, json={"value": VALUE})
    log = (directory / "logs" / "gitlab-requests.log").read_text()
    assert "GET /api/v4/projects/7 200 root" in log
    assert "PUT /api/v4/projects/7/variables/KEY 404 root" in log
    for secret in (TOKEN, RUNNER_TOKEN, VALUE):
        assert secret not in log


def test_only_loopback_is_served(base_url):
    port = httpx.URL(base_url).port
    listening = {
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    }
    assert listening == {f"0100007F:{port:04X}"}
