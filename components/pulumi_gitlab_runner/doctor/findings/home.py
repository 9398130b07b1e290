"""Findings about the home of the runner's process, where it looks for a Docker configuration."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.config_file import read_docker_config
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost

PACKAGED_HOME = "/home/gitlab-runner"
"""The working directory of the packaged unit, which is often taken for the home of its process."""


def home_findings(host: RunnerHost) -> Iterator[Finding]:
    """Credentials where they are not read, and those that cannot be read."""
    for file in host.home:
        if file.problem:
            yield Finding(
                FindingName.DOCKER_CONFIG_UNREADABLE,
                file.path,
                f"it cannot be read: {file.problem}",
                "the doctor cannot say what the runner finds there; the runner skips such a file",
                "run the doctor as root; what root cannot read either, replace by a file that it can",
            )
    if host.process is None or host.files is None or host.process.home == PACKAGED_HOME:
        return
    unread = host.files.read(f"{PACKAGED_HOME}/.docker/config.json")
    if unread.text and read_docker_config(unread.text).names_registries:
        home = host.process.home
        yield Finding(
            FindingName.HOME,
            unread.path,
            f"it holds credentials, and the home of the runner's process is {home}",
            "the runner never reads this file: the `--user` of its unit is only for the shell executor",
            f"move it to {home}/.docker/config.json, owned by {host.process.user}, mode 0600",
        )
