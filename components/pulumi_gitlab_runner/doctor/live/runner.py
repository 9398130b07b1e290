"""A runner on a remote host, with the host's current files, without their secrets."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.helpers import HelperAnswer, RunHelper
from pulumi_gitlab_runner.doctor.credential_helpers import asked_once
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.host_files import names_below
from pulumi_gitlab_runner.doctor.manager_process import manager_process
from pulumi_gitlab_runner.doctor.pull_rights import AskEcr, EcrRepository
from pulumi_gitlab_runner.doctor.runner_host import CONFIG, DockerUser, RunnerHost, home_configs, settings_of
from pulumi_gitlab_runner.runner_version import DEFAULT_RUNNER_VERSION, reported_version

RunOnHost = Callable[[Mapping[str, Any]], Any]
"""Runs `on_host` on a runner host with a request, and returns its answer."""


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


def _helpers(run: RunOnHost, environment: Mapping[str, str]) -> RunHelper:
    """The credential helpers of the host, which run there; their passwords never leave it."""

    def call(program: str, action: str, server: str) -> HelperAnswer:
        request = {"program": program, "action": action, "server": server}
        answer = run({**request, "environment": dict(environment)})
        if answer.get("missing"):
            raise FileNotFoundError(program)
        if answer.get("late"):
            raise TimeoutError(program)
        if "problem" in answer:
            raise OSError(0, answer["problem"])
        return HelperAnswer(int(answer["status"]), answer["output"], answer["errors"])

    return call


def asks_ecr(run: RunOnHost) -> AskEcr:
    """Asks ECR on a host, with its role, whether it may read a repository; once for each repository."""

    @cache
    def ask(repository: EcrRepository) -> bool | None:
        allowed: bool | None = run({"repository": asdict(repository)}).get("allowed")
        return allowed

    return ask


def live_runner(run: RunOnHost, name: str, runner: str, version: str | None) -> RunnerHost:
    """A runner on a live host.

    Args:
        run: runs `on_host` on the host.
        name: the name of the host in reports.
        runner: the name of the ``[[runners]]`` entry.
        version: the runner's version. Default: the installed one.

    Raises:
        UsageError: the host does not answer, or has no such runner.
    """
    found = run({})
    files = GatheredFiles(found["files"], found.get("engine"), found.get("identity"))
    if not files.files:
        raise UsageError(f"no runner is found on {name}")
    process = manager_process(files)

    @cache
    def settings_for(set_by_job: frozenset[str]) -> Mapping[str, Any]:
        again = GatheredFiles(run({"set_by_job": sorted(set_by_job)})["files"])
        return settings_of(again.read(CONFIG), runner)

    helper = asked_once(_helpers(run, process.environment))
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
        settings_for=settings_for,
    )
