"""Findings about files of a runner host that users other than the owner may read or change."""

from collections.abc import Iterator

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.host_files import HostFiles


def file_mode_findings(files: HostFiles, secret: list[str], programs: list[str]) -> Iterator[Finding]:
    """Problems of file modes.

    Args:
        files: the files of the host.
        secret: files that only their owner may read.
        programs: files that everyone may run and only their owner may change.
    """
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
