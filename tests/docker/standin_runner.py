"""A stand-in for gitlab-runner in a test of `./dev e2e`: takes one job, and runs it with `docker`."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx

DOCKER = shutil.which("docker", path="/usr/bin:/usr/local/bin") or "docker"
TIMEOUT_S = 60
NETWORK = "job-network"
EXPOSED = "{{range $port, $_ := .Config.ExposedPorts}}{{$port}}{{end}}"


def main() -> None:
    if sys.argv[1:] == ["--version"]:
        print("Version:      0.0.1")
        return
    options = dict(each.removeprefix("--").split("=", 1) for each in sys.argv[2:])
    config = tomllib.loads(Path(options["config"]).read_text())
    (runner,) = (each for each in config["runners"] if each["name"] == options["runner"])
    job = _send(runner["url"], "POST", "jobs/request", json={"token": runner["token"]}).json()
    log, status = _run(job, runner["docker"]["services"])
    trace_headers = {"Job-Token": job["token"], "Content-Range": f"0-{len(log) - 1}"}
    _send(runner["url"], "PATCH", f"jobs/{job['id']}/trace", headers=trace_headers, content=log)
    _send(runner["url"], "PUT", f"jobs/{job['id']}", json={"token": job["token"], "state": status})


def _run(job: dict[str, Any], services: list[dict[str, str]]) -> tuple[str, str]:
    """Run a job; return its log and its status."""
    image = job["image"]["name"]
    _docker("network", "create", NETWORK)
    for service in services:
        _docker("pull", service["name"])
        _docker("run", "--detach", f"--network={NETWORK}", f"--network-alias={service['alias']}",
                f"--name={service['alias']}", service["name"])  # fmt: skip
    _docker("pull", image)
    script = "\n".join(job["steps"][0]["script"])
    in_network = ("run", "--rm", f"--network={NETWORK}", image, "bash", "-ec")
    for service in services:
        port = _docker("image", "inspect", f"--format={EXPOSED}", service["name"]).stdout.partition("/")[0]
        _docker(*in_network, f"until : </dev/tcp/{service['alias']}/{port}; do sleep 0.1; done")
    done = _docker(*in_network, script, check=False)
    _docker("rm", "--force", *(service["alias"] for service in services))
    _docker("network", "rm", NETWORK)
    status = "success" if done.returncode == 0 else "failed"
    return f"Authenticating with credentials from /root/.docker/config.json\n{done.stdout}", status


def _docker(*arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [DOCKER, *arguments], capture_output=True, text=True, check=check, timeout=TIMEOUT_S
    )


def _send(url: str, method: str, path: str, **options: Any) -> httpx.Response:
    return httpx.request(method, f"{url}/api/v4/{path}", **options).raise_for_status()


if __name__ == "__main__":
    main()
