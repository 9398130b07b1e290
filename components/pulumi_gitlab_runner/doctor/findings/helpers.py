"""Findings about credential helpers: not installed, not on the PATH, failing, or without credentials."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.helpers import NO_ANSWER
from pulumi_gitlab_runner.auth.resolution.trace import Origin, Resolution, Source, Verdict
from pulumi_gitlab_runner.doctor.credential_helpers import PATIENCE
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.runner_paths import with_parents

_USUAL_PLACES = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/bin")
_DROPS_ALL = "the runner ignores the whole source, also the registries that need no helper"


def helper_findings(resolution: Resolution, host: RunnerHost) -> Iterator[Finding]:
    """Problems of the helpers that every pull calls."""
    if resolution.failure:
        yield Finding(
            FindingName.HELPER_NAME,
            resolution.failure.partition(":")[0],
            resolution.failure.partition(": ")[2],
            "every pull of this runner fails",
            'name the helper without its path: "ecr-login" for docker-credential-ecr-login',
        )
    for source in resolution.sources:
        if source.failed_helper:
            yield _failed(source, source.failed_helper, host)


def _failed(source: Source, helper: str, host: RunnerHost) -> Finding:
    missing = "executable file not found" in source.reason
    if host.process is None:
        return Finding(
            FindingName.HOSTED_HELPER,
            source.name,
            f"it names {helper}",
            f"a hosted runner has no such program, so {_DROPS_ALL}",
            "use a registry with a fixed user and password, in `auths`; or a self-managed runner",
        )
    if NO_ANSWER in source.reason:
        return Finding(
            FindingName.HELPER_HANGS,
            source.name,
            f"{helper} gave no answer in {PATIENCE:g} seconds",
            "the runner has no timeout for a helper: every pull waits for it until the job's timeout",
            f"check what it waits for: echo HOST | {helper} get; or declare the registry in the stack, whose "
            "hosts get the credentials before the job starts",
        )
    if not missing:
        return Finding(
            FindingName.HELPER_FAILS,
            source.name,
            f"{helper}: {source.reason}",
            f"{_DROPS_ALL}; it reports this only for $DOCKER_AUTH_CONFIG",
            f"run it as the runner does: echo HOST | {helper} get",
        )
    place = _place_of(helper, host)
    if place:
        return Finding(
            FindingName.HELPER_OFF_PATH,
            source.name,
            f"{helper} is in {place}, which is not on the PATH of the runner's process",
            _DROPS_ALL,
            f"declare the registry in the stack, whose hosts call the helper before the job starts; do not "
            f"add {place} to that PATH ({host.process.path}): a variable of a job can name any helper there",
        )
    return Finding(
        FindingName.HELPER_MISSING,
        source.name,
        f"{helper} is not on the PATH of the runner's process ({host.process.path})",
        _DROPS_ALL,
        f"install {helper} there, or remove it from {source.name}",
    )


def _place_of(helper: str, host: RunnerHost) -> str | None:
    """The directory outside the process's PATH that has a helper."""
    for directory in _USUAL_PLACES if host.files else ():
        if host.files and helper in host.files.names(directory):
            return directory
    return None


def silent_helper_findings(resolution: Resolution, host: RunnerHost) -> Iterator[Finding]:
    """A helper for the image's registry that has no credentials for it."""
    if resolution.credentials or host.process is None:
        return
    paths = with_parents(resolution.path)
    for source, entry in resolution.entries:
        is_helper = entry.origin is Origin.CREDENTIAL_HELPERS
        # Before 18.3 the runner uses the empty answer of a helper.
        knows_none = entry.verdict is Verdict.NO_CREDENTIALS or (
            entry.verdict is Verdict.USED and not entry.credentials
        )
        if is_helper and knows_none and entry.key.lower() in paths:
            yield silent_helper(source.name, entry.key, entry.helper or "")


def silent_helper(source: str, registry: str, helper: str) -> Finding:
    """A helper that has no credentials for a registry."""
    return Finding(
        FindingName.HELPER_SILENT,
        f"{source}, {registry}",
        f"{helper} has no credentials for it",
        "its images are pulled without credentials, even if the job log says "
        f'"Authenticating with credentials from {source}"; it ends with "no basic auth credentials"',
        f"check the helper's log, and run it as the runner does: echo {registry} | {helper} get",
    )
