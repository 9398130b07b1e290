"""The credentials with which gitlab-runner pulls an image.

The runner reads three sources, in this order: ``$DOCKER_AUTH_CONFIG``, the Docker configuration in the home
directory of its process, and the registries that GitLab sends with the job. For each path, the first source
takes precedence; of all paths, the longest that equals the image's path or is a parent of it.

Source: gitlab-runner, helpers/docker/auth/auth.go and executors/docker/internal/pull/manager.go, compared
from 16.9 to 19.4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pulumi_gitlab_runner.auth.resolution import reasons, runner_log
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.helpers import RunHelper
from pulumi_gitlab_runner.auth.resolution.sources import (
    STABLE_ORDER,
    FoundEntry,
    JobCredentials,
    KeptEntry,
    ReadSource,
    kept_entries,
    read_home,
    read_job_payload,
    read_variable,
)
from pulumi_gitlab_runner.auth.resolution.trace import Entry, Resolution, Source, Status, Verdict
from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.images.runner_paths import image_path, with_parents
from pulumi_gitlab_runner.runner_version import RunnerVersion


def resolve_as_runner(
    image: str,
    *,
    runner_version: str,
    run_helper: RunHelper,
    docker_auth_config: str = "",
    home: Sequence[ConfigFile] = (),
    job_credentials: Sequence[JobCredentials] = (),
) -> Resolution:
    """Find the credentials with which gitlab-runner pulls an image.

    Args:
        image: the image as in the job or ``config.toml``, with variables expanded.
        runner_version: the runner's version, such as ``18.11`` or ``17.5.0``.
        run_helper: runs a credential helper as the runner's process would, with its user, ``PATH`` and home
            directory. Every helper that a source names is called, for each image, until one fails.
        docker_auth_config: the job's variable ``DOCKER_AUTH_CONFIG``. A variable of the job, project or group
            replaces the one in ``environment`` under ``[[runners]]``; the environment of the runner's process
            is not read.
        home: ``.docker/config.json`` and ``.dockercfg`` in the home directory of the runner's process, in
            this order.
        job_credentials: the registries that GitLab sends with the job.

    Returns:
        The credentials and the whole trace.

    Raises:
        ValueError: ``runner_version`` is not a version.
    """
    shown = without_password(image)
    version = RunnerVersion.parse(runner_version)
    path = image_path(shown, version)
    read = [read_variable(docker_auth_config, run_helper, version)]
    if not read[-1].fails_pull:
        read.append(read_home(home, run_helper, version))
    if not read[-1].fails_pull:
        read.append(read_job_payload(job_credentials, version))
    if read[-1].fails_pull:
        log = (*runner_log.of_sources(read, version), runner_log.PATH_TRAVERSAL)
        failure = f"{read[-1].name}: {read[-1].failure}"
        return Resolution(shown, path, tuple(map(_unjudged, read)), log, failure)

    kept = kept_entries(read)
    best = next((parent for parent in with_parents(path) if parent in kept), None)
    log = (
        *runner_log.of_sources(read, version),
        runner_log.of_choice(shown, kept[best].source if best else None),
    )
    return Resolution(shown, path, tuple(_judged(each, path, best, kept, version) for each in read), log)


def _unjudged(source: ReadSource) -> Source:
    """The verdict on a whole source, without its entries."""
    if source.failure:
        status, reason = Status.DROPPED, source.failure
    elif source.absent:
        status, reason = Status.ABSENT, source.absent
    else:
        status, reason = Status.READ, ""
    return Source(source.name, status, reason, failed_helper=source.failed_helper, notes=source.notes)


def _judged(
    source: ReadSource, image: str, best: str | None, kept: Mapping[str, KeptEntry], version: RunnerVersion
) -> Source:
    """A source with the verdict on each of its entries, for the image with this path."""

    def judge(entry: FoundEntry) -> Entry:
        verdict, reason = _verdict(source, entry, image, best, kept, version)
        notes = (*reasons.key_traps(entry.key, version), *reasons.credential_traps(entry.credentials))
        return Entry(
            entry.key, entry.origin, entry.helper, entry.path, entry.credentials, verdict, reason, notes
        )

    return replace(_unjudged(source), entries=tuple(map(judge, source.entries)))


def _verdict(
    source: ReadSource,
    entry: FoundEntry,
    image: str,
    best: str | None,
    kept: Mapping[str, KeptEntry],
    version: RunnerVersion,
) -> tuple[Verdict, str]:
    """The verdict on an entry, and the reason."""
    if source.failure and entry.path in with_parents(image):
        return Verdict.LOST, f"it is for {image}, but its source is dropped"
    if entry.outranked_by:
        return Verdict.OUTRANKED, f"{entry.outranked_by} of the same source names it too, and wins"
    if entry.credentials is None and not source.failure:
        return Verdict.NO_CREDENTIALS, "its helper has no credentials for it"
    if entry.path not in with_parents(image):
        return Verdict.NO_MATCH, reasons.no_match(entry.path, image)
    winner = kept[entry.path]
    if winner.entry is not entry:
        reason = f"{winner.source} has credentials for {entry.path} too, and comes first"
        if winner.source == source.name:
            reason = f"{winner.entry.key!r} of the same source means {entry.path} too, and comes first"
            if version < STABLE_ORDER:
                reason += "; before runner 18.3 either may be used, by chance"
        return Verdict.OUTRANKED, reason
    if entry.path != best:
        return Verdict.OUTRANKED, f"the entry for {best} is more specific"
    reason = f"the most specific entry with credentials for {image}"
    if not entry.credentials:
        reason += ", which are empty, so the image is pulled without any"
    return Verdict.USED, reason
