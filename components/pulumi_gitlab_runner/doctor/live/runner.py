"""A runner on a remote host, with the host's current files, without their secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.helpers import HelperAnswer
from pulumi_gitlab_runner.doctor.credential_helpers import asked_once
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.host_files import names_below
from pulumi_gitlab_runner.doctor.manager_process import manager_process
from pulumi_gitlab_runner.doctor.runner_host import CONFIG, DockerUser, RunnerHost, home_configs, settings_of
from pulumi_gitlab_runner.runner_version import DEFAULT_RUNNER_VERSION, reported_version


class Machine(Protocol):
    """Runs `on_host` on a runner host."""

    def run(self, request: Mapping[str, Any]) -> Any:
        """Run it with a request, and return its answer."""
        ...


@dataclass(frozen=True)
class GatheredFiles:
    """The files, Docker Engine and AWS identity of a host, as `on_host` sends them.

    Attributes:
        files: the files by path: ``mode`` and ``text``, or a ``problem``.
        engine: ``info`` and ``networks`` of the Docker Engine's API, or a ``problem``; None if unknown.
        identity: the ``arn`` of the host in AWS, or a ``problem``; None if unknown.
    """

    files: Mapping[str, Mapping[str, Any]]
    engine: Mapping[str, Any] | None = None
    identity: Mapping[str, Any] | None = None
    is_this_host = False

    def read(self, path: str) -> ConfigFile:
        """A file, with its text, or the reason why it cannot be read."""
        found = self.files.get(path, {})
        return ConfigFile(path, found.get("text"), str(found.get("problem", "")))

    def names(self, directory: str) -> list[str]:
        """The names of the files in a directory, sorted."""
        return names_below(directory, self.files)

    def mode(self, path: str) -> int | None:
        """The permission bits of a file; None if it does not exist."""
        found: int | None = self.files.get(path, {}).get("mode")
        return found


@dataclass(frozen=True)
class LiveHelper:
    """Runs credential helpers on the host; their passwords never leave it."""

    machine: Machine
    environment: Mapping[str, str]

    def __call__(self, program: str, action: str, server: str) -> HelperAnswer:
        """Run a helper.

        Raises:
            OSError: it cannot be run; the message is the reason.
        """
        request = {"program": program, "action": action, "server": server}
        answer = self.machine.run({**request, "environment": dict(self.environment)})
        if answer.get("missing"):
            raise FileNotFoundError(program)
        if answer.get("late"):
            raise TimeoutError(program)
        if "problem" in answer:
            raise OSError(0, answer["problem"])
        return HelperAnswer(int(answer["status"]), answer["output"], answer["errors"])


def live_runner(machine: Machine, name: str, runner: str, version: str | None) -> RunnerHost:
    """A runner on a live host.

    Args:
        machine: the host.
        name: the name of the host in reports.
        runner: the name of the ``[[runners]]`` entry.
        version: the runner's version. Default: the installed one.

    Raises:
        UsageError: the host does not answer, or has no such runner.
    """
    found = machine.run({})
    files = GatheredFiles(found["files"], found.get("engine"), found.get("identity"))
    if not files.files:
        raise UsageError(f"no runner is found on {name}")
    process = manager_process(files)
    helper = asked_once(LiveHelper(machine, process.environment))
    return RunnerHost(
        name,
        version or reported_version(str(found.get("version"))) or DEFAULT_RUNNER_VERSION,
        home_configs(files, process.home),
        helper,
        process,
        settings_of(files.read(CONFIG), runner),
        files,
        docker_user=DockerUser(files.read("/root/.docker/config.json"), helper),
        passwords_known=False,
    )
