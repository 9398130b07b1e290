"""Findings in what a registry answers."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.trace import Resolution, Source, Verdict
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.images.ecr import ECR_HOST
from pulumi_gitlab_runner.images.runner_paths import with_parents
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer

_NAMES = {
    Outcome.NO_IMAGE: (
        FindingName.IMAGE_MISSING,
        "fix the name or the tag, or push the image; a registry also hides what its credentials may not see",
    ),
    Outcome.FORBIDDEN: (
        FindingName.ACCESS_FORBIDDEN,
        "let this user pull from the repository; for ECR, name it under the registry's `repositories`",
    ),
    Outcome.TOO_MANY_REQUESTS: (
        FindingName.TOO_MANY_REQUESTS,
        "pull with credentials, or through a mirror or an ECR pull-through cache",
    ),
    Outcome.NOT_TRUSTED: (
        FindingName.CERTIFICATE,
        "declare its CA under `certificate_authorities`, or put it into /etc/docker/certs.d/{host}/ca.crt",
    ),
    Outcome.UNREACHABLE: (
        FindingName.REGISTRY_UNREACHABLE,
        "check its name, port, firewall and proxy from the machine that pulls",
    ),
    Outcome.NO_REGISTRY: (FindingName.NO_REGISTRY, "fix the image's host and port"),
    Outcome.FAILED: (FindingName.REGISTRY_FAILS, "ask again later, then ask the registry's operators"),
}


def registry_answer_findings(
    resolution: Resolution, answer: RegistryAnswer, *, hosted: bool = False
) -> Iterator[Finding]:
    """The finding that follows from a registry's answer.

    Args:
        resolution: how the runner finds the image's credentials.
        answer: the registry's.
        hosted: whether the runner's host is out of reach.
    """
    why = "the job cannot pull the image"
    host = resolution.path.partition("/")[0]
    if answer.outcome is Outcome.UNAUTHORIZED and resolution.credentials:
        yield Finding(
            FindingName.CREDENTIALS_REFUSED,
            resolution.image,
            f"{answer.message}: those of {resolution.source.name if resolution.source else 'no source'}",
            why,
            "renew the user or password there, and make sure that they are for this registry",
        )
    elif answer.outcome is Outcome.UNAUTHORIZED:
        # For ECR, ecr_credentials_findings knows it without a request.
        if not ECR_HOST.fullmatch(host) or withholding_source(resolution):
            yield Finding(
                FindingName.NO_CREDENTIALS,
                resolution.image,
                f"{answer.message}, and no source has any for {host}",
                why,
                _fix_of_no_credentials(resolution, hosted),
            )
    elif answer.outcome in _NAMES:
        name, fix = _NAMES[answer.outcome]
        yield Finding(name, resolution.image, answer.message, why, fix.format(host=host))


def _fix_of_no_credentials(resolution: Resolution, hosted: bool) -> str:
    """The fix: for the source whose credentials are not used, or else to add credentials."""
    named = withholding_source(resolution)
    if named:
        return f"see to what is found in {named}: it names the registry, and gives no credentials for it"
    if hosted:
        return (
            "give the project a variable DOCKER_AUTH_CONFIG with the registry's user and password, which "
            "`docker_auth` of a stack's variables makes"
        )
    return "declare the registry under `registries`, and name it under the runner's registries"


def withholding_source(resolution: Resolution) -> str | None:
    """The source that has the image's registry, but cannot provide its credentials."""
    return next((source.name for source in resolution.sources if _withholds(source, resolution)), None)


def _withholds(source: Source, resolution: Resolution) -> bool:
    """Whether a source has the image's registry, but cannot provide its credentials."""
    paths = with_parents(resolution.path)
    return any(
        entry.verdict is Verdict.LOST
        or (entry.verdict is Verdict.USED and not entry.credentials)
        or (entry.verdict is Verdict.NO_CREDENTIALS and entry.key.lower() in paths)
        for entry in source.entries
    )
