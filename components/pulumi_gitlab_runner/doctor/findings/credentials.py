"""Findings about the credentials that a runner host caches."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.credentials_report import KeptCredential, KeptCredentials, duration
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.runner_host import REGISTRIES
from pulumi_gitlab_runner.images.runner_paths import registry_path, with_parents
from pulumi_gitlab_runner.runner_version import RunnerVersion

_UNIT = "gitlab-runner-credentials"


def kept_credential_findings(kept: KeptCredentials) -> Iterator[Finding]:
    """Problems of the credentials that a host caches."""
    if not kept.written:
        yield Finding(
            FindingName.CREDENTIAL_SERVICE,
            _UNIT,
            "the service has written no credentials since the host was started",
            "images of all private registries are pulled without credentials",
            f"check its log: {kept.log}",
        )
        return
    for each in kept.registries:
        if each.age is None:
            yield _missing(each, kept.log)
        elif each.failing_for is not None and each.ends_in is not None:
            yield Finding(
                FindingName.CREDENTIAL_RENEWAL,
                f"{REGISTRIES}, {each.registry}",
                f"{each.source} has failed for {duration(each.failing_for)}: {each.reason}",
                f"the last credential is used for {duration(each.ends_in)} more; a newer one is not read",
                f"fix the reason; the host retries automatically: {kept.log}",
            )


def missing_credential_findings(
    resolution: Resolution, kept: KeptCredentials | None, version: RunnerVersion
) -> Iterator[Finding]:
    """A declared registry of the image for which the host, if it caches credentials, has none."""
    if kept is None or resolution.credentials:
        return
    parents = with_parents(resolution.path)
    for each in kept.registries:
        if each.age is None and registry_path(each.registry, version) in parents:
            yield _missing(each, kept.log)


def _missing(credential: KeptCredential, log: str) -> Finding:
    reason = credential.reason or "no answer yet"
    return Finding(
        FindingName.CREDENTIAL_MISSING,
        f"{REGISTRIES}, {credential.registry}",
        f"there is no credential: {credential.source}: {reason}",
        "its images are pulled without credentials: the job log names no credentials, and ends with "
        '"no basic auth credentials" or "access denied"',
        f"fix the reason; the host retries automatically: {log}",
    )
