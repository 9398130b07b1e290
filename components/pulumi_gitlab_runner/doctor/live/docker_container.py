"""The manager of a Docker host: the files of its container, without their secrets, read through the engine.

The `docker` command connects to the engine that the stack's `docker:host` sets, else to that of DOCKER_HOST
or of its context, with the user's settings of SSH and TLS (docs.docker.com/reference/cli/docker, environment
variables). `docker cp` does not copy files of a tmpfs mount
(docs.docker.com/reference/cli/docker/container/cp), so a shell in the container reads them.
"""

import base64
import json
import re
import subprocess
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pulumi_gitlab_runner.doctor.credential_helpers import no_helper
from pulumi_gitlab_runner.doctor.credentials_report import KeptCredentials, kept_credentials
from pulumi_gitlab_runner.doctor.errors import UsageError, reason
from pulumi_gitlab_runner.doctor.live.on_host import (
    PLAIN_VARIABLES,
    described_engine,
    hidden_docker_config,
    hidden_toml,
)
from pulumi_gitlab_runner.doctor.live.runner import GatheredFiles
from pulumi_gitlab_runner.doctor.manager_process import ManagerProcess
from pulumi_gitlab_runner.doctor.runner_host import CONFIG, REGISTRIES, RunnerHost, home_configs, settings_of
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY
from pulumi_gitlab_runner.host.credentials.service import BOOT_ID, STATE
from pulumi_gitlab_runner.host.docker_manager import CURRENT, VOLUME
from pulumi_gitlab_runner.runner_version import DEFAULT_RUNNER_VERSION, reported_version

PATIENCE_S = 60
_STATE = f"{DIRECTORY}/{STATE}"
_UPTIME = "/proc/uptime"
_SERVICE = f"{CURRENT}/sbin/gitlab-runner-credentials"
_PLACES = {CONFIG: f"{CURRENT}/config.toml", REGISTRIES: f"{CURRENT}/registries"}
"""The paths in the container, by the paths of the same files on other hosts."""


@dataclass(frozen=True)
class DockerCommand:
    """The `docker` command, with the engine that it connects to.

    Attributes:
        host: the value of `--host`; empty for the default engine of the command.
    """

    host: str = ""

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        """Run the command, and return its output.

        Raises:
            UsageError: it is not installed, or fails. Its output, which may have secrets, is not in the
                message.
        """
        host = ("--host", self.host) if self.host else ()
        try:
            done = subprocess.run(
                ["docker", *host, *arguments],
                input=stdin.encode(),
                capture_output=True,
                timeout=PATIENCE_S,
                check=False,
            )
        except FileNotFoundError:
            raise UsageError("--live needs the docker command, which is not found: install it") from None
        except subprocess.TimeoutExpired:
            raise UsageError(f"the Docker Engine gave no answer in {PATIENCE_S} seconds") from None
        except OSError as error:
            raise UsageError(f"the docker command cannot be run: {error.strerror}") from None
        if done.returncode:
            said = reason(done.stderr.decode(errors="replace")) or f"status {done.returncode}"
            raise UsageError(f"docker {arguments[0]} failed: {said}")
        return done.stdout.decode(errors="replace")


@dataclass(frozen=True)
class ManagerContainer:
    """The container of a runner manager."""

    name: str
    process: ManagerProcess
    docker: DockerCommand

    def gather(self, set_by_job: Collection[str] = ()) -> tuple[GatheredFiles, str]:
        """Its files without their secrets, by their paths on other hosts, and the version of its runner.

        Args:
            set_by_job: the variables of the runner's `environment` that a job replaces.

        Raises:
            UsageError: the docker command fails.
        """
        home = self.process.home
        plans: dict[str, Callable[[str], str | None]] = {
            CONFIG: lambda text: hidden_toml(text, set_by_job),
            REGISTRIES: str,
            f"{home}/.docker/config.json": hidden_docker_config,
            f"{home}/.dockercfg": hidden_docker_config,
            _STATE: str,
            str(BOOT_ID): str,
            _UPTIME: str,
            _SERVICE: str,
        }
        places = {_PLACES.get(path, path): path for path in plans}
        program = resources.files(__package__).joinpath("container-files.sh").read_text(encoding="utf-8")
        said = self.docker("exec", "-i", self.name, "/bin/sh", "-s", "--", *places, stdin=program)
        files: dict[str, Mapping[str, Any]] = {}
        for mode, place, text in re.findall(r"(?m)^([0-7]{1,4}) (/\S+) ([\w+/=]*|-)$", said):
            if (path := places.get(place)) is not None:
                files[path] = _file(int(mode, 8), text, plans[path])
        return GatheredFiles(files, self._engine()), reported_version(said) or ""

    def _engine(self) -> Mapping[str, Any]:
        """The information about the engine and its networks, in the form of `GatheredFiles.engine`."""
        try:
            return described_engine(self.docker)
        except UsageError as error:
            return {"problem": str(error)}


def container_of(manager: str, docker: DockerCommand) -> ManagerContainer:
    """The running container of a manager that `RunnerStack` created; the newest of several.

    A replacement runs with the same volume, beside the old container, until the jobs of the old one have
    ended.

    Args:
        manager: the resource name of the manager, without the stack's prefix.
        docker: the docker command.

    Raises:
        UsageError: no container is found, several stacks have one, or the Docker Engine does not answer.
    """
    form = "{{.Names}} {{.Mounts}}"
    listed = docker("ps", "--no-trunc", "--filter", f"volume={VOLUME}", "--format", form)
    pattern = re.compile(rf"([\w.]+-{re.escape(manager)}-[0-9a-f]{{7}}) (\S*)")
    found = [match.groups() for line in listed.splitlines() if (match := pattern.fullmatch(line.strip()))]
    if not found:
        which = f" at {docker.host}, which docker:host of the stack sets" if docker.host else ""
        raise UsageError(
            f"no container ci-{manager}-… with {VOLUME} runs on the Docker Engine{which}: is it up? "
            "The engine is that of the stack's docker:host, else of DOCKER_HOST or the context of the docker "
            "command"
        )
    if len({_named_volumes(mounts) for _, mounts in found}) > 1:
        raise UsageError(
            f"several stacks have a manager {manager} on this Docker Engine: "
            f"{', '.join(name for name, _ in found)}. Select the container with --container"
        )
    return container_named(found[0][0], docker)


def _named_volumes(mounts: str) -> frozenset[str]:
    """The named volumes of a container, without the anonymous volumes of its image."""
    names = (each for each in mounts.split(",") if not each.startswith("/"))
    return frozenset(each for each in names if not re.fullmatch(r"[0-9a-f]{64}", each))


def container_named(name: str, docker: DockerCommand) -> ManagerContainer:
    """A manager's container.

    Raises:
        UsageError: the container does not exist, or the Docker Engine does not answer.
    """
    try:
        config = json.loads(docker("inspect", "--type", "container", name))[0]["Config"]
        variables = dict(each.partition("=")[::2] for each in config["Env"])
        user = config.get("User") or "root"
    except (ValueError, LookupError, TypeError, AttributeError):
        raise UsageError(f"docker inspect {name} gave an unexpected output") from None
    environment = {name: value for name, value in variables.items() if name in PLAIN_VARIABLES}
    environment.setdefault("HOME", "/root")
    environment.setdefault("PATH", "")
    process = ManagerProcess(user, environment["HOME"].rstrip("/"), environment, (f"the container {name}",))
    return ManagerContainer(name, process, docker)


def container_runner(container: ManagerContainer, name: str, runner: str, version: str | None) -> RunnerHost:
    """A runner whose manager is a container.

    The PATH of its process has no programs, so no credential helper is called. Other arguments as for
    `live_runner`.

    Raises:
        UsageError: its files cannot be read, or have no such runner.
    """
    files, installed = container.gather()
    if files.read(CONFIG).text is None and not files.read(CONFIG).problem:
        raise UsageError(f"the container {container.name} has no {_PLACES[CONFIG]}")

    @cache
    def settings_for(set_by_job: frozenset[str]) -> Mapping[str, Any]:
        return settings_of(container.gather(set_by_job)[0].read(CONFIG), runner)

    return RunnerHost(
        name,
        version or installed or DEFAULT_RUNNER_VERSION,
        home_configs(files, container.process.home),
        no_helper,
        container.process,
        settings_of(files.read(CONFIG), runner),
        files,
        passwords_known=False,
        kept=_kept(files, f"docker logs {container.name}"),
        settings_for=settings_for,
    )


def _kept(files: GatheredFiles, log: str) -> KeptCredentials | None:
    """The state of its credential service; None if it has no registries, and so no service."""
    if files.mode(_SERVICE) is None:
        return None
    state, boot, uptime = (files.read(path).text or "" for path in (_STATE, str(BOOT_ID), _UPTIME))
    now = float(uptime.split()[0]) if uptime else 0.0
    return kept_credentials(files.read(REGISTRIES).text or "", state, boot.strip(), now, log)


def _file(mode: int, encoded: str, hide: Callable[[str], str | None]) -> Mapping[str, Any]:
    """A file in the form of `GatheredFiles.files`, without its secrets."""
    if encoded == "-":
        return {"mode": mode, "problem": "it cannot be read in the container"}
    text = hide(base64.b64decode(encoded).decode(errors="replace"))
    return {"mode": mode, "problem": "multi-line strings"} if text is None else {"mode": mode, "text": text}
