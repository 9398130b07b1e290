"""The manager of a Docker host: its container's files, without their secrets, by way of the Docker Engine.

The `docker` command asks the engine that the stack's `docker:host` names; where it names none, it knows
DOCKER_HOST, contexts, SSH and TLS as its user set them up (docs.docker.com/reference/cli/docker, environment
variables). The archive API does not see what is mounted in
memory (docs.docker.com/reference/cli/docker/container/cp), so a shell in the container reads the files.
"""

import base64
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from pulumi_gitlab_runner.doctor.credential_helpers import no_helper
from pulumi_gitlab_runner.doctor.credentials_report import KeptCredentials, kept_credentials
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.live.on_host import (
    PLAIN_VARIABLES,
    hidden_docker_config,
    hidden_toml,
)
from pulumi_gitlab_runner.doctor.live.runner import GatheredFiles
from pulumi_gitlab_runner.doctor.manager_process import ManagerProcess
from pulumi_gitlab_runner.doctor.runner_host import CONFIG, REGISTRIES, RunnerHost, home_configs, settings_of
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY
from pulumi_gitlab_runner.host.credentials.service import BOOT_ID, STATE
from pulumi_gitlab_runner.host.docker_manager import CURRENT, VOLUME
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.runner_version import DEFAULT_RUNNER_VERSION, reported_version

PATIENCE_S = 60
_STATE = f"{DIRECTORY}/{STATE}"
_UPTIME = "/proc/uptime"
_SERVICE = f"{CURRENT}/sbin/gitlab-runner-credentials"
_PLACES = {CONFIG: f"{CURRENT}/config.toml", REGISTRIES: f"{CURRENT}/registries"}
"""Where the container has the files that other hosts have at the paths that the doctor knows."""


@dataclass(frozen=True)
class DockerCommand:
    """The `docker` command, with the engine that it asks.

    Attributes:
        host: the engine's address; empty for the one that the command's user has chosen.
    """

    host: str = ""

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        """Its output.

        Raises:
            UsageError: it is not there, or fails. Its output, which may hold secrets, is not in the message.
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
            raise UsageError(
                "--live asks the Docker Engine with the docker command, which is not there: install it"
            ) from None
        except subprocess.TimeoutExpired:
            raise UsageError(f"the Docker Engine gave no answer in {PATIENCE_S} seconds") from None
        except OSError as error:
            raise UsageError(f"the docker command cannot be run: {error.strerror}") from None
        if done.returncode:
            said = " ".join(done.stderr.decode(errors="replace").split())[:300]
            reason = said or f"status {done.returncode}"
            raise UsageError(f"docker {arguments[0]} failed: {printable(reason)}")
        return done.stdout.decode(errors="replace")


@dataclass(frozen=True)
class ManagerContainer:
    """The container of a runner manager.

    Attributes:
        name: its name.
        process: how its process runs.
        docker: asks its engine.
    """

    name: str
    process: ManagerProcess
    docker: DockerCommand

    def gather(self) -> tuple[GatheredFiles, str]:
        """Its files without their secrets, by the paths that the doctor knows, and its runner's version.

        Raises:
            UsageError: they cannot be read there.
        """
        home = self.process.home
        plans: dict[str, Callable[[str], str | None]] = {
            CONFIG: hidden_toml,
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
        """The information of the engine on itself and its networks, as `GatheredFiles` has it."""
        try:
            info = json.loads(self.docker("info", "--format", "{{json .}}"))
            numbers = self.docker("network", "ls", "--quiet", "--no-trunc").split()
            networks = json.loads(self.docker("network", "inspect", *numbers)) if numbers else []
            # The rest holds secrets, such as a proxy's password.
            return {
                "info": {key: info.get(key) for key in ("ServerVersion", "DefaultAddressPools")},
                "networks": [{"IPAM": each["IPAM"]} for each in networks],
            }
        except UsageError as error:
            return {"problem": str(error)}
        except (ValueError, LookupError, TypeError, AttributeError):
            return {"problem": "it does not answer as a Docker Engine does"}


def container_of(manager: str, docker: DockerCommand) -> ManagerContainer:
    """The running container of a manager that `RunnerStack` made; the newest of several.

    A replacement runs beside the old one until the old one's jobs have ended, with the same volume.

    Args:
        manager: the name of its resource, without the stack's prefix.
        docker: asks the engine.

    Raises:
        UsageError: there is none, there are those of several stacks, or the Docker Engine does not answer.
    """
    form = "{{.Names}} {{.Mounts}}"
    listed = docker("ps", "--no-trunc", "--filter", f"volume={VOLUME}", "--format", form)
    pattern = re.compile(rf"([\w.]+-{re.escape(manager)}-[0-9a-f]{{7}}) (\S*)")
    found = [match.groups() for line in listed.splitlines() if (match := pattern.fullmatch(line.strip()))]
    if not found:
        which = f"at {docker.host}, as docker:host of the stack says" if docker.host else "that was asked"
        raise UsageError(
            f"no container ci-{manager}-… with {VOLUME} runs on the Docker Engine {which}: is it up? "
            "docker:host of the stack, else DOCKER_HOST or the context of the docker command, says which "
            "engine is asked"
        )
    if len({_named_volumes(mounts) for _, mounts in found}) > 1:
        raise UsageError(
            f"several stacks have a manager {manager} on this Docker Engine: "
            f"{', '.join(name for name, _ in found)}. Name the container with --container"
        )
    return container_named(found[0][0], docker)


def _named_volumes(mounts: str) -> frozenset[str]:
    """The volumes of a container that have names of their own; those of its image have numbers."""
    names = (each for each in mounts.split(",") if not each.startswith("/"))
    return frozenset(each for each in names if not re.fullmatch(r"[0-9a-f]{64}", each))


def container_named(name: str, docker: DockerCommand) -> ManagerContainer:
    """A manager's container.

    Args:
        name: its name.
        docker: asks the engine.

    Raises:
        UsageError: it is not there, or the Docker Engine does not answer.
    """
    try:
        config = json.loads(docker("inspect", "--type", "container", name))[0]["Config"]
        variables = dict(each.partition("=")[::2] for each in config["Env"])
        user = config.get("User") or "root"
    except (ValueError, LookupError, TypeError, AttributeError):
        raise UsageError(f"docker inspect {name} gave no answer that can be read") from None
    environment = {name: value for name, value in variables.items() if name in PLAIN_VARIABLES}
    environment.setdefault("HOME", "/root")
    environment.setdefault("PATH", "")
    process = ManagerProcess(user, environment["HOME"].rstrip("/"), environment, (f"the container {name}",))
    return ManagerContainer(name, process, docker)


def container_runner(container: ManagerContainer, name: str, runner: str, version: str | None) -> RunnerHost:
    """A runner whose manager is a container.

    The PATH of its process holds no program, so no credential helper is run.

    Args:
        container: the manager's.
        name: as shown.
        runner: the name of the ``[[runners]]`` entry.
        version: the runner's version. Default: the installed one.

    Raises:
        UsageError: its files cannot be read, or name no such runner.
    """
    files, installed = container.gather()
    if files.read(CONFIG).text is None and not files.read(CONFIG).problem:
        raise UsageError(f"the container {container.name} has no {_PLACES[CONFIG]}")
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
    )


def _kept(files: GatheredFiles, log: str) -> KeptCredentials | None:
    """The state of its credential service; None if it has no registries, and so none runs."""
    if files.mode(_SERVICE) is None:
        return None
    state, boot, uptime = (files.read(path).text or "" for path in (_STATE, str(BOOT_ID), _UPTIME))
    now = float(uptime.split()[0]) if uptime else 0.0
    return kept_credentials(files.read(REGISTRIES).text or "", state, boot.strip(), now, log)


def _file(mode: int, encoded: str, hide: Callable[[str], str | None]) -> Mapping[str, Any]:
    """A file as `GatheredFiles` has it; its secrets are kept nowhere but here."""
    if encoded == "-":
        return {"mode": mode, "problem": "it cannot be read in the container"}
    text = hide(base64.b64decode(encoded).decode(errors="replace"))
    return {"mode": mode, "problem": "multi-line strings"} if text is None else {"mode": mode, "text": text}
