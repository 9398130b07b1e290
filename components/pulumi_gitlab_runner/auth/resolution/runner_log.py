"""The log lines of gitlab-runner about credentials, and who sees them.

Source: gitlab-runner, helpers/docker/auth/auth.go and executors/docker/internal/pull/manager.go.
"""

from collections.abc import Iterator, Sequence

from pulumi_gitlab_runner.auth.resolution.sources import STABLE_ORDER, VARIABLE, ReadSource, kept_entries
from pulumi_gitlab_runner.auth.resolution.trace import LogLine, Where
from pulumi_gitlab_runner.runner_version import RunnerVersion

PATH_TRAVERSAL = LogLine(Where.JOB_LOG, "path traversal is not allowed")

_LOADED = RunnerVersion(17, 3)
_WARNING = RunnerVersion(18, 11)


def of_sources(sources: Sequence[ReadSource], version: RunnerVersion) -> Iterator[LogLine]:
    """The lines about the sources, in the order in which they are read."""
    kept = kept_entries(sources)
    for source in sources:
        if source.fails_pull:
            continue
        if source.failure:
            yield _dropped(source, version)
            continue
        entries = [entry for entry in source.entries if entry.outranked_by is None]
        if version >= STABLE_ORDER:
            for entry in entries:
                first = kept[entry.path]
                if first.entry is not entry:
                    yield LogLine(
                        Where.DEBUG,
                        f'Not adding Docker credentials: credentials for "{entry.path}" already set from '
                        f'"{first.source}", ignoring credentials from "{source.name}"',
                    )
        if entries and version >= _LOADED:
            paths = " ".join(entry.path for entry in entries)
            yield LogLine(
                Where.DEBUG,
                f'Loaded Docker credentials, source = "{source.name}", hostnames = [{paths}], error = <nil>',
            )


def of_choice(image: str, source: str | None) -> LogLine:
    """The line about the credentials that are used."""
    if source is None:
        return LogLine(Where.DEBUG, f"No credentials found for {image}")
    return LogLine(Where.JOB_LOG, f"Authenticating with credentials from {source}")


def _dropped(source: ReadSource, version: RunnerVersion) -> LogLine:
    """The line about a dropped source: a warning for the variable; that of a file is not logged."""
    text = (
        f"Failed to resolve credentials from {source.name}: {source.failure}. "
        "Credentials from this source will not be used."
    )
    if source.name == VARIABLE and version >= _WARNING:
        return LogLine(Where.JOB_LOG, f"WARNING: {text}")
    return LogLine(Where.NOWHERE, text)
