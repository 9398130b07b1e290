"""Findings about ports: credentials for another port of the image's registry."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.trace import Resolution, Verdict
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName


def port_findings(resolution: Resolution) -> Iterator[Finding]:
    """Credentials for another port of the registry of an image that has none."""
    if resolution.entry:
        return
    host = resolution.path.partition("/")[0]
    for source, entry in resolution.entries:
        other = entry.path.partition("/")[0]
        same_name = other.partition(":")[0] == host.partition(":")[0]
        if entry.verdict is Verdict.NO_MATCH and same_name and other != host:
            yield Finding(
                FindingName.PORT,
                f"{source.name}, {entry.key}",
                f"its credentials are for {other}, the image is on {host}",
                "the ports must be the same, also :443: the image is pulled without credentials",
                f"write {other} in the image's name, or {host} in the source of the credentials",
            )
