"""A runner that the doctor examines: its version, its settings, and the files that it and Docker read."""

import os
import platform
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.docker import resolve_as_docker
from pulumi_gitlab_runner.auth.resolution.helpers import RunHelper
from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.credential_helpers import HelperProcess, asked_once, no_helper
from pulumi_gitlab_runner.doctor.credentials_report import (
    KeptCredentials,
    ask_for_credentials,
    declared_config,
    kept_here,
)
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.host_files import DeclaredFiles, FilesOnDisk, HostFiles
from pulumi_gitlab_runner.doctor.job_variables import DOCKER_AUTH_CONFIG
from pulumi_gitlab_runner.doctor.live.on_host import HIDDEN
from pulumi_gitlab_runner.doctor.manager_process import ManagerProcess, manager_process
from pulumi_gitlab_runner.doctor.pull_rights import PullRights
from pulumi_gitlab_runner.doctor.runner_tags import StackRunners
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY
from pulumi_gitlab_runner.host.credentials.service import CONFIG as DOCKER_CONFIG
from pulumi_gitlab_runner.runner_version import DEFAULT_RUNNER_VERSION, RunnerVersion, reported_version

if TYPE_CHECKING:
    from pulumi_gitlab_runner.registry.connection import Certificates

CONFIG = "/etc/gitlab-runner/config.toml"
REGISTRIES = "/etc/gitlab-runner/registries"
_EMULATORS = Path("/proc/sys/fs/binfmt_misc")
_DOCKER_EXECUTORS = ("docker", "docker-autoscaler", "docker+machine")
_ADDED_TO_THE_SYSTEMS = ("/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors")
"""The directories of `spec.operating_systems`, which is not imported because that is slow."""


@dataclass(frozen=True)
class DockerUser:
    """The user of ``docker pull``, for comparison.

    Attributes:
        config: the Docker configuration of the user.
        run_helper: runs a credential helper with the user's environment.
        docker_auth_config: the value of ``DOCKER_AUTH_CONFIG`` in that environment; empty for none.
    """

    config: ConfigFile
    run_helper: RunHelper
    docker_auth_config: str = field(default="", repr=False)

    def resolve(self, image: str) -> Resolution:
        """How ``docker pull`` finds the credentials of an image."""
        variable, config = self.docker_auth_config, self.config
        return resolve_as_docker(
            image, run_helper=self.run_helper, docker_auth_config=variable, config=config
        )


@dataclass(frozen=True)
class RunnerHost:
    """A runner with its host.

    Attributes:
        name: the name in reports, such as ``this host``.
        runner_version: the version, such as ``19.3.0``.
        home: the Docker configurations in the home directory of the manager's process.
        run_helper: runs a credential helper with the environment of the manager's process.
        process: the process of the manager; None for a hosted runner.
        settings: the ``[[runners]]`` entry.
        files: the files of the host; None for a hosted runner.
        docker_user: the user of ``docker pull``, for comparison; None if there is none.
        certificates: returns the CAs that the host trusts for a registry, in addition to the public ones.
        passwords_known: whether the passwords are known here, and not only on the host.
        kept: the state of the host's credential service; None if it is unknown.
        settings_for: returns the ``[[runners]]`` entry of a live host, where values are hidden, for a job
            that sets some variables of its ``environment``; None if the settings are complete.
        architecture: the processor architecture of the machines of its jobs, such as ``arm64``; None if it is
            unknown, or if the machines may emulate others.
        stack_runners: the runners of its stack, with their tags in GitLab.
        pull_rights: the ECR repositories that the manager's role may pull from; None if they are unknown.
    """

    name: str
    runner_version: str
    home: tuple[ConfigFile, ...]
    run_helper: RunHelper
    process: ManagerProcess | None = None
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    files: HostFiles | None = None
    docker_user: DockerUser | None = None
    certificates: "Certificates | None" = None
    passwords_known: bool = True
    kept: KeptCredentials | None = None
    settings_for: Callable[[frozenset[str]], Mapping[str, Any]] | None = None
    architecture: str | None = None
    stack_runners: StackRunners = field(default_factory=StackRunners)
    pull_rights: PullRights | None = None

    @property
    def version(self) -> RunnerVersion:
        """The parsed version."""
        return RunnerVersion.parse(self.runner_version)

    @property
    def is_hosted(self) -> bool:
        """Whether it is a hosted runner: its settings are unknown, and it stores no credentials."""
        return self.files is None

    @property
    def runs_containers(self) -> bool:
        """Whether its jobs run in containers of a Docker Engine, as far as its settings are known."""
        return self.settings.get("executor") in _DOCKER_EXECUTORS

    @property
    def docker_settings(self) -> Mapping[str, Any]:
        """Its table ``[runners.docker]``."""
        docker = self.settings.get("docker")
        return docker if isinstance(docker, dict) else {}

    def environment_for(self, job: Mapping[str, str]) -> dict[str, str]:
        """The variables of ``environment`` under ``[[runners]]``, without those known only on the host.

        On a live host, they are inserted into its `DOCKER_AUTH_CONFIG`, except for those that the job sets.

        Args:
            job: the variables of the job.
        """
        found = _assigned(self.settings)
        replaced = frozenset(found.keys() & job.keys()) - {DOCKER_AUTH_CONFIG}
        if self.settings_for and replaced and DOCKER_AUTH_CONFIG in found:
            found = _assigned(self.settings_for(replaced))
        return {name: value for name, value in found.items() if value != HIDDEN}


def _assigned(settings: Mapping[str, Any]) -> dict[str, str]:
    """The variables of ``environment`` in a ``[[runners]]`` entry."""
    environment = settings.get("environment")
    texts = environment if isinstance(environment, list) else ()
    assignments = (str(text).partition("=") for text in texts)
    return {name: value for name, equals, value in assignments if equals}


def hosted_runner(version: str | None) -> RunnerHost:
    """A runner with an inaccessible host, such as those of GitLab.com and most instance runners."""
    return RunnerHost("a hosted runner", version or DEFAULT_RUNNER_VERSION, (), no_helper)


def declared_runner(files: DeclaredFiles, name: str, runner: str, version: str) -> RunnerHost:
    """A runner that is only declared, with the registries that it has credentials for, without passwords.

    Args:
        files: the files of its host.
        name: the name in reports.
        runner: the name of the ``[[runners]]`` entry.
        version: the runner's version.
    """
    process = manager_process(files)
    path = f"{process.home}/.docker/config.json"
    home = ConfigFile(path, declared_config(files.read(REGISTRIES).text or ""))
    return RunnerHost(
        name,
        version,
        (home,),
        no_helper,
        process,
        settings_of(files.read(CONFIG), runner),
        files,
        docker_user=DockerUser(home, no_helper),
        certificates=registry_certificates(files),
        passwords_known=False,
    )


def runner_on_disk(root: Path, runner: str | None, version: str | None) -> RunnerHost:
    """A runner of this host, or of a host whose files are below a directory.

    For a directory, the credentials of its registries are requested with the caller's AWS credentials.

    Args:
        root: the root directory of the files; ``/`` for this host.
        runner: the name of the ``[[runners]]`` entry; None for the first entry.
        version: the runner's version. Default: the version on this host, else the default of the library.

    Raises:
        UsageError: no runner is found below the root directory, or none with that name.
    """
    files = FilesOnDisk(root)
    config = files.read(CONFIG)
    process = manager_process(files)
    if config.text is None and not config.problem and not process.files:
        there = "on this host" if files.is_this_host else f"below {root}"
        raise UsageError(
            f"no runner is found {there}: no {CONFIG}, no unit\n"
            "give the files of a host with --root DIR; for an image or a job, also --stack for a runner of a "
            "stack, or --hosted"
        )
    helper = asked_once(_helper_of(files, process))
    home, kept = home_configs(files, process.home), None
    if _is_of_service(files, home[0]):
        registries = files.read(REGISTRIES).text or ""
        if files.is_this_host:
            kept = kept_here(registries)
        elif home[0].text is None:
            text, kept = ask_for_credentials(files.place(REGISTRIES))
            home = (ConfigFile(home[0].path, text), *home[1:])
    settings = settings_of(config, runner)
    return RunnerHost(
        "this host" if files.is_this_host else str(root),
        version or (_installed_version() if files.is_this_host else None) or DEFAULT_RUNNER_VERSION,
        home,
        helper,
        process,
        settings,
        files,
        this_user() if files.is_this_host else DockerUser(_roots_config(files, home), helper),
        registry_certificates(files),
        kept=kept,
        architecture=_own_architecture(settings) if files.is_this_host else None,
    )


def _own_architecture(settings: Mapping[str, Any]) -> str | None:
    """The architecture of this machine; None if jobs run on another one, or others are emulated."""
    docker = settings.get("docker")
    if settings.get("executor") != "docker" or not isinstance(docker, dict) or docker.get("host"):
        return None
    emulated = any(each.name.startswith("qemu-") for each in _EMULATORS.glob("*"))
    return None if emulated else platform.machine()


def registry_certificates(files: HostFiles) -> "Certificates":
    """The CAs of Docker on a host for a registry, and those that the stack adds to the system's."""

    def of(host: str) -> list[str]:
        directory = f"/etc/docker/certs.d/{host}"
        names = [each for each in files.names(directory) if each.endswith(".crt")]
        return [*_texts(files, directory, names), *_added_to_the_systems(files)]

    return of


def gitlab_certificates(files: HostFiles) -> list[str]:
    """The CAs that gitlab-runner on a host trusts for GitLab, in addition to the public ones."""
    directory = "/etc/gitlab-runner/certs"
    return [*_texts(files, directory, files.names(directory)), *_added_to_the_systems(files)]


def _added_to_the_systems(files: HostFiles) -> Iterator[str]:
    for directory in _ADDED_TO_THE_SYSTEMS:
        names = (each for each in files.names(directory) if each.startswith("gitlab-runner-"))
        yield from _texts(files, directory, names)


def _texts(files: HostFiles, directory: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if text := files.read(f"{directory}/{name}").text:
            yield text


def _is_of_service(files: FilesOnDisk, config: ConfigFile) -> bool:
    """Whether a Docker configuration is that of `gitlab-runner-credentials`."""
    place = files.place(config.path)
    try:
        return place.is_symlink() and str(place.readlink()).endswith(f"{DIRECTORY}/{DOCKER_CONFIG}")
    except OSError:
        return False


def home_configs(files: HostFiles, home: str) -> tuple[ConfigFile, ...]:
    """The Docker configurations in the home directory of a manager's process."""
    return files.read(f"{home}/.docker/config.json"), files.read(f"{home}/.dockercfg")


def _helper_of(files: FilesOnDisk, process: ManagerProcess) -> RunHelper:
    if files.is_this_host:
        return HelperProcess(process.path, process.environment)
    path = ":".join(str(files.place(directory)) for directory in process.path.split(":") if directory)
    return HelperProcess(path, {**process.environment, **os.environ, "PATH": path})


def _roots_config(files: HostFiles, home: tuple[ConfigFile, ...]) -> ConfigFile:
    """The Docker configuration of root, which is usually the user of the runner's process."""
    path = "/root/.docker/config.json"
    return next((file for file in home if file.path == path), files.read(path))


def this_user() -> DockerUser:
    """The user that runs the doctor."""
    home = Path(os.environ.get("HOME") or Path.home())
    path = Path(os.environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    config = FilesOnDisk(Path("/")).read(str(path.absolute()))
    helper = asked_once(HelperProcess(os.environ.get("PATH", os.defpath), os.environ))
    return DockerUser(config, helper, os.environ.get(DOCKER_AUTH_CONFIG, ""))


def settings_of(config: ConfigFile, runner: str | None) -> Mapping[str, Any]:
    """The ``[[runners]]`` entry with a name, or the first entry.

    Raises:
        UsageError: the file is not valid TOML, or has no such entry.
    """
    try:
        entries = tomllib.loads(config.text or "").get("runners", [])
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{config.path} is not valid TOML: {error}") from None
    entries = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    wanted: list[Mapping[str, Any]] = [
        entry for entry in entries if runner is None or entry.get("name") == runner
    ]
    if wanted or runner is None:
        return wanted[0] if wanted else {}
    names = ", ".join(str(entry.get("name")) for entry in entries) or "none"
    raise UsageError(f"{config.path} has no runner {runner!r}, only: {names}")


def _installed_version() -> str | None:
    """The version of gitlab-runner on this host; None if it is not installed."""
    program = shutil.which("gitlab-runner")
    if program is None:
        return None
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return reported_version(said.stdout)
