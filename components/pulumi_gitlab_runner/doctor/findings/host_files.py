"""Findings about files of a runner host: those in the wrong home directory, and their modes."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.config_file import read_docker_config
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.host_files import HostFiles
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost

PACKAGED_HOME = "/home/gitlab-runner"
"""The working directory of the packaged unit, often mistaken for the home directory of its process."""


def home_findings(host: RunnerHost) -> Iterator[Finding]:
    """Docker configurations that the runner does not read, and those that the doctor cannot read."""
    for file in host.home:
        if file.problem:
            yield Finding(
                FindingName.DOCKER_CONFIG_UNREADABLE,
                file.path,
                f"it cannot be read: {file.problem}",
                "its credentials are unknown to the doctor; the runner skips a file that it cannot read",
                "run the doctor as root; if root cannot read it either, replace the file",
            )
    if host.process is None or host.files is None or host.process.home == PACKAGED_HOME:
        return
    unread = host.files.read(f"{PACKAGED_HOME}/.docker/config.json")
    if unread.text and read_docker_config(unread.text).names_registries:
        home = host.process.home
        yield Finding(
            FindingName.HOME,
            unread.path,
            f"it has credentials, but the home directory of the runner's process is {home}",
            "the runner never reads this file: the `--user` of its unit is only for the shell executor",
            f"move it to {home}/.docker/config.json, owned by {host.process.user}, mode 0600",
        )


def file_mode_findings(files: HostFiles, secret: list[str], programs: list[str]) -> Iterator[Finding]:
    """Secret files that others can read, and programs that others can change or root cannot run."""
    for path in secret:
        mode = files.mode(path)
        if mode is not None and mode & 0o077:
            yield Finding(
                FindingName.FILE_MODE,
                path,
                f"its mode is {mode:04o}",
                "users other than its owner can read or change the secrets in it",
                f"chmod 0600 {path}",
            )
    for path in programs:
        mode = files.mode(path)
        if mode is not None and (mode & 0o022 or not mode & 0o100):
            yield Finding(
                FindingName.FILE_MODE,
                path,
                f"its mode is {mode:04o}",
                "other users can change a program that root runs, or root cannot run it",
                f"chmod 0755 {path}",
            )
