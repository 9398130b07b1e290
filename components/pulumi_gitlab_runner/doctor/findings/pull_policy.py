"""Findings about pull policies under which a private image is open to other projects."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.runner_host import CONFIG

_CACHED = "if-not-present"


def pull_policy_findings(
    resolution: Resolution, docker: Mapping[str, Any], asked: tuple[str, ...]
) -> Iterator[Finding]:
    """A private image that any job can use once it is on the host, and a policy that the runner refuses.

    Args:
        resolution: the image's.
        docker: ``[runners.docker]``.
        asked: the policies that the job requests.
    """
    configured = _policies(docker.get("pull_policy")) or ("always",)
    allowed = _policies(docker.get("allowed_pull_policies")) or configured
    if asked and not set(asked) & set(allowed):
        yield Finding(
            FindingName.PULL_POLICY_REFUSED,
            resolution.image,
            f"the job asks for the pull policy {', '.join(asked)}, the runner allows {', '.join(allowed)}",
            "the job fails before the image is pulled",
            "take pull_policy out of the job, or add it to allowed_pull_policies of the runner",
        )
    if not resolution.credentials:
        return
    for key, policies in (("pull_policy", configured), ("allowed_pull_policies", allowed)):
        if _CACHED in policies:
            yield Finding(
                FindingName.PULL_POLICY,
                f"{CONFIG}, runners.docker.{key}",
                f"it has {_CACHED!r}, and {resolution.image} is private",
                "once one project's job has pulled it, any project's job on this host may use it",
                'allow only "always": layers that are there already are not pulled again',
            )


def _policies(value: object) -> tuple[str, ...]:
    """One policy, or several that are tried in turn."""
    if isinstance(value, list):
        return tuple(map(str, value))
    return (value,) if isinstance(value, str) and value else ()
