"""Findings about pull policies under which a private image is open to other projects."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.finding import Finding

_CACHED = "if-not-present"


def pull_policy_findings(resolution: Resolution, docker: Mapping[str, Any]) -> Iterator[Finding]:
    """A private image that stays on the host for whoever names it.

    Args:
        resolution: the image's.
        docker: ``[runners.docker]``.
    """
    if not resolution.credentials:
        return
    for key in ("pull_policy", "allowed_pull_policies"):
        policies = docker.get(key)
        if policies == _CACHED or (isinstance(policies, list) and _CACHED in policies):
            yield Finding(
                "pull-policy",
                f"config.toml, runners.docker.{key}",
                f"it has {_CACHED!r}, and {resolution.image} is private",
                "once one project's job has pulled it, any project's job on this host may use it",
                'allow only "always": layers that are there already are not pulled again',
            )
            return
