"""The credentials with which Docker's command line pulls an image, to compare with the runner's.

Docker looks for one key: the registry's host and port, or for Docker Hub a legacy URL. It looks in
``$DOCKER_AUTH_CONFIG`` of the user's environment; else it calls the helper of ``credHelpers`` for exactly
that key; else the ``credsStore``; else it looks in ``auths``. After a call of a helper, it looks no further.

A partly invalid configuration counts as invalid here, although Docker may use some of its ``auths``.
A ``registrytoken`` in ``auths`` is ignored if a helper is called, although Docker would send it too.

Source: docker/cli 29.7, cli/config/configfile/file.go, cli/config/credentials and cli/command/registry.go.
``$DOCKER_AUTH_CONFIG`` is read since 28.4. Up to 28 a failing helper was silently ignored, and the entry of
``auths`` was sent.
"""

from collections.abc import Mapping

from pulumi_gitlab_runner.auth.resolution import helpers, reasons
from pulumi_gitlab_runner.auth.resolution.config_file import (
    ConfigFile,
    DockerConfig,
    read_docker_config,
    read_environment_config,
)
from pulumi_gitlab_runner.auth.resolution.sources import VARIABLE
from pulumi_gitlab_runner.auth.resolution.trace import (
    Credentials,
    Entry,
    LogLine,
    Origin,
    Resolution,
    Source,
    Status,
    Verdict,
    Where,
)
from pulumi_gitlab_runner.images.reference import DOCKER_HUB, InvalidImageReference, parse, without_password

HUB_KEY = "https://index.docker.io/v1/"
"""The key under which Docker stores the credentials of Docker Hub."""

CONFIG = "Docker configuration of the user"


def resolve_as_docker(
    image: str,
    *,
    run_helper: helpers.RunHelper,
    docker_auth_config: str = "",
    config: ConfigFile | None = None,
) -> Resolution:
    """Find the credentials with which ``docker pull`` pulls an image.

    Args:
        image: the image as given to ``docker pull``.
        run_helper: runs a credential helper as the user would; at most one is called.
        docker_auth_config: the variable ``DOCKER_AUTH_CONFIG`` in the user's environment.
        config: ``config.json`` in ``$DOCKER_CONFIG``, or else in ``.docker`` of the user's home.

    Returns:
        The credentials and the whole trace. The path is the key that Docker looks for.
    """
    shown = without_password(image)
    try:
        registry = parse(image).registry
    except InvalidImageReference as error:
        return Resolution(shown, "", (), (LogLine(Where.TERMINAL, str(error)),), failure=str(error))
    key = HUB_KEY if registry == DOCKER_HUB else registry

    variable, variable_log = _read_variable(docker_auth_config, key)
    answered = any(entry.verdict is Verdict.USED for entry in variable.entries)
    if config is None or config.text is None:
        file, file_log = _no_file(config)
        return Resolution(shown, key, (variable, file), (*variable_log, *file_log))

    content = read_docker_config(config.text)
    file_log = ()
    if content.broken:
        file_log = (
            LogLine(Where.TERMINAL, f"WARNING: Error parsing config file ({config.path}): {content.broken}"),
        )
    helper = "" if answered else content.credential_helpers.get(key, content.credentials_store)
    try:
        answer = helpers.get(run_helper, helper, key) if helper else None
    except helpers.HelperFailure as error:
        file = Source(config.path, Status.DROPPED, error.text, failed_helper=error.program)
        log = (*variable_log, *file_log, LogLine(Where.TERMINAL, error.text))
        return Resolution(shown, key, (variable, file), log, failure=f"{config.path}: {error.text}")
    file = _judged(config.path, content, key, helper, answer, answered)
    return Resolution(shown, key, (variable, file), (*variable_log, *file_log))


def _read_variable(value: str, key: str) -> tuple[Source, tuple[LogLine, ...]]:
    """The variable, which applies only if it contains exactly this key."""
    if not value:
        return Source(VARIABLE, Status.ABSENT, "the variable is not set"), ()
    content = read_environment_config(value)
    if content.broken:
        text = f"Failed to create credential store from DOCKER_AUTH_CONFIG: {content.broken}"
        return Source(VARIABLE, Status.DROPPED, content.broken), (LogLine(Where.TERMINAL, text),)
    entries = tuple(
        _auths_entry(name, held, key, name == key, "") for name, held in sorted(content.auths.items())
    )
    return Source(VARIABLE, Status.READ, entries=entries), ()


def _no_file(config: ConfigFile | None) -> tuple[Source, tuple[LogLine, ...]]:
    """A configuration that does not exist or cannot be opened."""
    if config is None or not config.problem:
        return Source(config.path if config else CONFIG, Status.ABSENT, "there is none"), ()
    text = f"WARNING: Error loading config file: open {config.path}: {config.problem}"
    return Source(config.path, Status.DROPPED, config.problem), (LogLine(Where.TERMINAL, text),)


def _judged(
    path: str, content: DockerConfig, key: str, helper: str, answer: Credentials | None, answered: bool
) -> Source:
    """The configuration with the verdict on each entry.

    Args:
        path: the path of the file.
        content: the content of the file.
        key: the key that Docker looks for.
        helper: the helper that was called; empty for none.
        answer: the credentials from the helper; None for none.
        answered: whether the variable contains the key.
    """
    entries: list[Entry] = []
    for registry, name in sorted(content.credential_helpers.items()):
        asked = answer if registry == key else None
        entries.append(_helper_entry(registry, Origin.CREDENTIAL_HELPERS, name, key, asked, answered))
    if content.credentials_store and key not in content.credential_helpers:
        name = content.credentials_store
        entries.append(_helper_entry(key, Origin.CREDENTIALS_STORE, name, key, answer, answered))

    first = ""
    if answered:
        first = f"{VARIABLE} has it, and comes first"
    elif helper:
        first = f"{helpers.program_name(helper)} is asked instead"
    matching = _matching_keys(content.auths, key)
    for registry, held in sorted(content.auths.items()):
        outranked = first
        if not outranked and registry in matching[1:]:
            outranked = f"{matching[0]!r} is for {key} too; Docker takes either, by chance"
        entries.append(_auths_entry(registry, held, key, registry in matching, outranked))
    broken = (f"nothing of auths is used: {content.broken}",) if content.broken else ()
    return Source(path, Status.READ, entries=tuple(entries), notes=(*broken, *content.notes))


def _matching_keys(auths: Mapping[str, Credentials], key: str) -> list[str]:
    """The keys of ``auths`` that match a key: the key itself, or else all keys with this host."""
    if key in auths:
        return [key]
    return [registry for registry in sorted(auths) if _host(registry) == key]


def _host(registry: str) -> str:
    """The host in a key of ``auths``, without a scheme and a path."""
    _, scheme, address = registry.rpartition("://")
    return (address if scheme else registry).partition("/")[0]


def _auths_entry(registry: str, held: Credentials, key: str, matches: bool, outranked: str) -> Entry:
    if not matches:
        verdict, reason = Verdict.NO_MATCH, f"Docker looks for {key}"
    elif outranked:
        verdict, reason = Verdict.OUTRANKED, outranked
    else:
        verdict, reason = Verdict.USED, f"Docker looks for {key}"
    shown = without_password(registry)
    notes = reasons.credential_traps(held)
    return Entry(shown, Origin.AUTHS, None, _host(shown), held, verdict, reason, notes)


def _helper_entry(
    registry: str, origin: Origin, helper: str, key: str, answer: Credentials | None, answered: bool
) -> Entry:
    if registry != key:
        verdict, reason = Verdict.NO_MATCH, f"Docker asks only the helper for exactly {key}"
    elif answered:
        verdict, reason = Verdict.OUTRANKED, f"{VARIABLE} has it, and comes first"
    elif not helper:
        verdict, reason = Verdict.NO_CREDENTIALS, "it names no helper"
    elif answer is None:
        verdict, reason = (
            Verdict.NO_CREDENTIALS,
            "its helper has no credentials for it, and Docker looks no further",
        )
    else:
        verdict, reason = Verdict.USED, f"Docker looks for {key}"
    program = helpers.program_name(helper)
    shown = without_password(registry)
    notes = reasons.credential_traps(answer)
    return Entry(shown, origin, program, shown, answer, verdict, reason, notes)
