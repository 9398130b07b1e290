"""Findings about the answers of registries."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.trace import Resolution, Verdict
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.images.ecr import ECR_HOST
from pulumi_gitlab_runner.images.runner_paths import with_parents
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer

_NAMES = {
    Outcome.NO_IMAGE: (
        FindingName.IMAGE_MISSING,
        "fix the name or the tag, or push the image; a registry also hides images that the user may not pull",
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
        "declare its CA under `certificate_authorities`, or write it to /etc/docker/certs.d/{host}/ca.crt",
    ),
    Outcome.UNREACHABLE: (
        FindingName.REGISTRY_UNREACHABLE,
        "check its name, port, firewall and proxy from the machine that pulls",
    ),
    Outcome.NO_REGISTRY: (FindingName.NO_REGISTRY, "fix the image's host and port"),
    Outcome.FAILED: (
        FindingName.REGISTRY_FAILS,
        "try again later; if the error persists, contact the registry's operators",
    ),
}


def registry_answer_findings(
    resolution: Resolution, answer: RegistryAnswer, *, hosted: bool = False
) -> Iterator[Finding]:
    """The finding about a registry's answer."""
    why = "the job cannot pull the image"
    host = resolution.path.partition("/")[0]
    if answer.outcome is Outcome.UNAUTHORIZED and resolution.credentials:
        yield Finding(
            FindingName.CREDENTIALS_REFUSED,
            resolution.image,
            f"{answer.message}: those of {resolution.source.name if resolution.source else 'no source'}",
            why,
            "update the user or password there, and make sure that they are for this registry",
        )
    elif answer.outcome is Outcome.UNAUTHORIZED:
        # For ECR, ecr_credentials_findings reports it without a request.
        if not ECR_HOST.fullmatch(host) or withholding_source(resolution):
            yield Finding(
                FindingName.NO_CREDENTIALS,
                resolution.image,
                f"{answer.message}, and no source has credentials for {host}",
                why,
                _fix_of_no_credentials(resolution, hosted),
            )
    elif answer.outcome in _NAMES:
        name, fix = _NAMES[answer.outcome]
        yield Finding(name, resolution.image, answer.message, why, fix.format(host=host))


def _fix_of_no_credentials(resolution: Resolution, hosted: bool) -> str:
    """The fix: correct the source whose credentials are not used, or else add credentials."""
    named = withholding_source(resolution)
    if named:
        return f"fix the findings of {named}: it names the registry, but provides no credentials for it"
    if hosted:
        return (
            "add a variable DOCKER_AUTH_CONFIG with the registry's user and password to the project, such as "
            "with `docker_auth` under `variables` of a stack"
        )
    return "declare the registry under `registries`, and name it under the runner's registries"


def withholding_source(resolution: Resolution) -> str | None:
    """The source that has the image's registry, but cannot provide its credentials."""
    paths = with_parents(resolution.path)
    withholding = (
        source.name
        for source, entry in resolution.entries
        if entry.verdict is Verdict.LOST
        or (entry.verdict is Verdict.USED and not entry.credentials)
        or (entry.verdict is Verdict.NO_CREDENTIALS and entry.key.lower() in paths)
    )
    return next(withholding, None)
