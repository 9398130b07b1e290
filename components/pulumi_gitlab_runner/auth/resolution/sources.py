"""Reads the three sources of credentials as gitlab-runner does: their entries, or why each source is dropped.

Source: gitlab-runner, helpers/docker/auth/auth.go. The runner iterates over Go maps in random order; this
module iterates in sorted order.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pulumi_gitlab_runner.auth.resolution import helpers
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile, DockerConfig, read_docker_config
from pulumi_gitlab_runner.auth.resolution.config_keys import docker_cli_of
from pulumi_gitlab_runner.auth.resolution.trace import Credentials, Origin
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.images.runner_paths import registry_path
from pulumi_gitlab_runner.runner_version import RunnerVersion

STABLE_ORDER = RunnerVersion(18, 3)
"""The first version that sorts the entries of a file, and in which an entry whose helper has no credentials
matches no image."""

VARIABLE = "$DOCKER_AUTH_CONFIG"
HOME = "home of the runner's process"
JOB_PAYLOAD = "job payload (GitLab Registry)"


@dataclass(frozen=True)
class JobCredentials:
    """One registry that GitLab sends with a job.

    Attributes:
        url: the host and port of the registry, such as ``registry.gitlab.example.com:5050``.
        username: the user; ``gitlab-ci-token`` for GitLab's container registry.
        password: the job token.
        type: the type; others than ``registry`` are ignored.
    """

    url: str
    username: str
    password: str = field(repr=False)
    type: str = "registry"


@dataclass(frozen=True)
class FoundEntry:
    """One registry of a source, not yet compared with an image.

    Attributes:
        key: the registry as written in the source, without a password.
        origin: the part of the source that contains the entry.
        credentials: the credentials; None if the helper has none.
        path: the path that image paths are compared with; empty if the entry can match no image.
        helper: the helper that was called; None for none.
        outranked_by: the part of the same file that has the same registry and takes precedence.
    """

    key: str
    origin: Origin
    credentials: Credentials | None
    path: str
    helper: str | None = None
    outranked_by: Origin | None = None


@dataclass(frozen=True)
class ReadSource:
    """The content of a source.

    Attributes:
        name: the name of the source in the job log.
        entries: the entries, also of a dropped source.
        absent: why there is nothing to read; empty if there is.
        failure: why the source is dropped; empty if it is not.
        failed_helper: the helper whose failure drops the source.
        fails_pull: whether the pull fails; otherwise only this source is dropped.
        notes: pitfalls in the source.
    """

    name: str
    entries: tuple[FoundEntry, ...] = ()
    absent: str = ""
    failure: str = ""
    failed_helper: str | None = None
    fails_pull: bool = False
    notes: tuple[str, ...] = ()


def read_variable(value: str, run_helper: helpers.RunHelper, version: RunnerVersion) -> ReadSource:
    """Read the variable ``DOCKER_AUTH_CONFIG``."""
    if not value:
        return ReadSource(VARIABLE, absent="the variable is not set")
    return _read_config(VARIABLE, value, run_helper, version)


def read_home(
    files: Iterable[ConfigFile], run_helper: helpers.RunHelper, version: RunnerVersion
) -> ReadSource:
    """Read the first file of the home directory that can be opened; the others are silently ignored."""
    notes: list[str] = []
    opened: ConfigFile | None = None
    for file in files:
        if file.text is None and file.problem:
            notes.append(f"{file.path} cannot be opened and is passed over: {file.problem}")
        elif file.text is not None and opened:
            notes.append(f"{file.path} is not read, since there is {opened.path}")
        elif file.text is not None:
            opened = file
    if opened is None:
        return ReadSource(
            HOME, absent="it holds no Docker configuration that can be opened", notes=tuple(notes)
        )
    source = _read_config(opened.path, opened.text or "", run_helper, version)
    return replace(source, notes=(*notes, *source.notes))


def read_job_payload(credentials: Iterable[JobCredentials], version: RunnerVersion) -> ReadSource:
    """Read the registries that GitLab sends with the job."""
    entries = tuple(
        _entry(one.url, Origin.JOB_PAYLOAD, Credentials(one.username, Secret(one.password)), version)
        for one in credentials
        if one.type == "registry"
    )
    return ReadSource(JOB_PAYLOAD, entries, absent="" if entries else "GitLab sent no registry with the job")


@dataclass(frozen=True)
class KeptEntry:
    """The entry that the runner keeps for a path.

    Attributes:
        source: the name of its source.
        entry: the entry.
    """

    source: str
    entry: FoundEntry


def kept_entries(sources: Iterable[ReadSource]) -> dict[str, KeptEntry]:
    """The first entry for each path; the runner drops the others."""
    kept: dict[str, KeptEntry] = {}
    for source in sources:
        for entry in source.entries:
            if entry.outranked_by is None and not source.failure:
                kept.setdefault(entry.path, KeptEntry(source.name, entry))
    return kept


class _HelperNameIsPath(Exception):  # noqa: N818 - ends the reading of a source
    """A helper's name contains a path, for which the runner fails the pull."""


def _read_config(
    name: str, content: str, run_helper: helpers.RunHelper, version: RunnerVersion
) -> ReadSource:
    """Read a Docker configuration, and call every helper that it names."""
    config = read_docker_config(content, docker_cli_of(version))
    if config.broken:
        return ReadSource(name, _lost(config, version), failure=config.broken)
    if not config.names_registries:
        return ReadSource(name, absent="it holds no credentials", notes=config.notes)
    try:
        layers = (
            {key: _entry(key, Origin.AUTHS, held, version) for key, held in config.auths.items()},
            _ask_store(config, run_helper, version),
            _ask_helpers(config, run_helper, version),
        )
    except _HelperNameIsPath as error:
        return ReadSource(name, failure=str(error), fails_pull=True)
    except helpers.HelperFailure as error:
        return ReadSource(name, _lost(config, version), failure=error.text, failed_helper=error.program)
    return ReadSource(name, tuple(_merged(layers)), notes=config.notes)


def _lost(config: DockerConfig, version: RunnerVersion) -> tuple[FoundEntry, ...]:
    """The entries of a dropped configuration, without calling helpers."""
    auths = [_entry(key, Origin.AUTHS, held, version) for key, held in sorted(config.auths.items())]
    unasked: list[FoundEntry] = []
    for key, helper in sorted(config.credential_helpers.items()):
        shown, program = without_password(key), helpers.program_name(helper)
        path = registry_path(shown, version)
        unasked.append(FoundEntry(shown, Origin.CREDENTIAL_HELPERS, None, path, program))
    return (*auths, *unasked)


def _ask_store(
    config: DockerConfig, run_helper: helpers.RunHelper, version: RunnerVersion
) -> dict[str, FoundEntry]:
    """The credentials of the ``credsStore`` for each registry that it lists.

    If it lists a registry and then has no credentials for it, the entry of ``auths`` becomes empty.
    """
    helper = config.credentials_store
    if not helper:
        return {}
    _check_name(helper, "credsStore")
    found: dict[str, FoundEntry] = {}
    for registry in helpers.list_registries(run_helper, helper):
        held = helpers.get(run_helper, helper, registry)
        if held is None and registry in config.auths:
            held = Credentials()
        found[registry] = _entry(registry, Origin.CREDENTIALS_STORE, held, version, helper)
    return found


def _ask_helpers(
    config: DockerConfig, run_helper: helpers.RunHelper, version: RunnerVersion
) -> dict[str, FoundEntry]:
    """The credentials of the ``credHelpers``, each for its registry.

    Invalid names are checked before any helper is called; the order in the runner is random.
    """
    found: dict[str, FoundEntry] = {}
    named = sorted(config.credential_helpers.items())
    for registry, helper in named:
        _check_name(helper, f"credHelpers of {without_password(registry)!r}")
    for registry, helper in named:
        held = helpers.get(run_helper, helper, registry)
        found[registry] = _entry(registry, Origin.CREDENTIAL_HELPERS, held, version, helper)
    return found


def _check_name(helper: str, place: str) -> None:
    """Refuse an empty name, and one that contains a path."""
    if not helper or ("/" in helper and helper != "/"):
        raise _HelperNameIsPath(f"{place} names the helper {helper!r}: path traversal is not allowed")


def _entry(
    key: str, origin: Origin, held: Credentials | None, version: RunnerVersion, helper: str | None = None
) -> FoundEntry:
    shown = without_password(key)
    if held is None and version < STABLE_ORDER:
        held = Credentials()
    path = "" if held is None else registry_path(shown, version)
    return FoundEntry(shown, origin, held, path, helpers.program_name(helper) if helper is not None else None)


def _merged(layers: Iterable[Mapping[str, FoundEntry]]) -> Iterator[FoundEntry]:
    """The entries of a file in the runner's order. For the same registry, a later layer takes precedence."""
    winners: dict[str, FoundEntry] = {}
    outranked: dict[str, list[FoundEntry]] = {}
    for layer in layers:
        for key, entry in layer.items():
            if key in winners:
                outranked.setdefault(key, []).append(winners[key])
            winners[key] = entry
    for key in sorted(winners):
        yield winners[key]
        for entry in outranked.get(key, []):
            yield replace(entry, outranked_by=winners[key].origin)
