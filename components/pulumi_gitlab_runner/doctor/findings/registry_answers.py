"""Findings in what a registry answers."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.finding import Finding
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer

_NAMES = {
    Outcome.NO_IMAGE: (
        "image-missing",
        "mend the name or the tag, or push the image; a registry also hides what its credentials may not see",
    ),
    Outcome.FORBIDDEN: (
        "access-forbidden",
        "let this user pull from the repository; for ECR, name it under the registry's `repositories`",
    ),
    Outcome.TOO_MANY_REQUESTS: (
        "too-many-requests",
        "pull with credentials, or through a mirror or an ECR pull-through cache",
    ),
    Outcome.NOT_TRUSTED: (
        "certificate",
        "put the registry's CA into /etc/docker/certs.d/HOST/ca.crt on the machine that pulls",
    ),
    Outcome.UNREACHABLE: (
        "registry-unreachable",
        "see to its name, port, firewall and proxy from the machine that pulls",
    ),
    Outcome.NO_REGISTRY: ("no-registry", "mend the image's host and port"),
    Outcome.FAILED: ("registry-fails", "ask again later, then ask whoever runs the registry"),
}


def registry_answer_findings(resolution: Resolution, answer: RegistryAnswer) -> Iterator[Finding]:
    """What a registry's answer means for the pull."""
    why = "the job cannot pull the image"
    if answer.outcome is Outcome.UNAUTHORIZED:
        host = resolution.path.partition("/")[0]
        if not resolution.credentials:
            yield Finding(
                "no-credentials",
                resolution.image,
                f"{answer.told}, and no source has any for {host}",
                why,
                "declare the registry under stack.registries, and name it under the runner's registries",
            )
            return
        yield Finding(
            "credentials-refused",
            resolution.image,
            f"{answer.told}: those of {resolution.source.name if resolution.source else 'no source'}",
            why,
            "renew the user or password there, and make sure that they are for this registry",
        )
    elif answer.outcome in _NAMES:
        name, mend = _NAMES[answer.outcome]
        yield Finding(name, resolution.image, answer.told, why, mend)
