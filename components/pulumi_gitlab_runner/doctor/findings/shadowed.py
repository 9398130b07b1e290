"""Findings about credentials that are not used because others take precedence."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.sources import VARIABLE
from pulumi_gitlab_runner.auth.resolution.trace import Resolution, Verdict
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer


def shadowed_findings(resolution: Resolution, answer: RegistryAnswer | None) -> Iterator[Finding]:
    """Other credentials for the image, if those that the runner uses are empty or refused."""
    source, used = resolution.source, resolution.entry
    if source is None or used is None:
        return
    refused = answer is not None and answer.outcome in (Outcome.UNAUTHORIZED, Outcome.FORBIDDEN)
    if used.credentials and not refused:
        return
    found = "is refused by the registry" if used.credentials else "is empty"
    for other, entry in resolution.entries:
        outranked = entry.verdict is Verdict.OUTRANKED
        if outranked and entry.credentials and entry.credentials != used.credentials:
            yield Finding(
                FindingName.CREDENTIALS_SHADOWED,
                f"{other.name}, {entry.key}",
                f"its credentials are not used: {entry.reason}; the entry that takes precedence {found}",
                "the runner tries only one entry for an image",
                f"remove {used.key} from {source.name}, or write valid credentials there",
            )


def shadowed_registry_findings(resolution: Resolution) -> Iterator[Finding]:
    """Credentials of the job that are used instead of the runner's."""
    if resolution.source is None or resolution.source.name != VARIABLE or resolution.entry is None:
        return
    used = resolution.entry
    for source, entry in resolution.entries:
        if source.name == VARIABLE or entry.verdict is not Verdict.OUTRANKED or not entry.credentials:
            continue
        yield Finding(
            FindingName.REGISTRY_SHADOWED,
            f"{VARIABLE}, {used.key}",
            f"it takes precedence over the credentials for {entry.key} in {source.name}",
            f'the job log says "Authenticating with credentials from {VARIABLE}"; if that entry is wrong '
            'or expired, the pull fails with "unauthorized", even if the other credentials are valid',
            f"remove {used.key} from the variable, unless the job is meant to pull as another user",
        )
