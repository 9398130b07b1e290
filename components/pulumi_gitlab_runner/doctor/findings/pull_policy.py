"""Findings about pull policies with which other projects can use a private image."""

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
        resolution: how the runner finds the image's credentials.
        docker: the table ``[runners.docker]``.
        asked: the pull policies of the job.
    """
    configured = _policies(docker.get("pull_policy")) or ("always",)
    allowed = _policies(docker.get("allowed_pull_policies")) or configured
    if asked and not set(asked) & set(allowed):
        yield Finding(
            FindingName.PULL_POLICY_REFUSED,
            resolution.image,
            f"the job has the pull policy {', '.join(asked)}, the runner allows {', '.join(allowed)}",
            "the job fails before the image is pulled",
            "remove pull_policy from the job, or add it to allowed_pull_policies of the runner",
        )
    if not resolution.credentials:
        return
    for key, policies in (("pull_policy", configured), ("allowed_pull_policies", allowed)):
        if _CACHED in policies:
            yield Finding(
                FindingName.PULL_POLICY,
                f"{CONFIG}, runners.docker.{key}",
                f"it has {_CACHED!r}, and {resolution.image} is private",
                "after a job has pulled it, jobs of every project on this host can use it",
                'allow only "always": layers that are on the host are not pulled again',
            )


def _policies(value: object) -> tuple[str, ...]:
    """The policies of a setting: one policy, or several that are tried in turn."""
    if isinstance(value, list):
        return tuple(map(str, value))
    return (value,) if isinstance(value, str) and value else ()
