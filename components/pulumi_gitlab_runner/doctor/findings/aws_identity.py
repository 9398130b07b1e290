"""Findings about a host without an AWS identity."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.registry_list import ECR_HELPER, CredentialSource, read_registry_list
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.runner_host import REGISTRIES


def aws_identity_findings(registry_list: str, reason: str) -> Iterator[Finding]:
    """Registries whose credentials come from AWS, on a host without an AWS identity.

    Args:
        registry_list: the content of the host's registry list.
        reason: why the runner's process has no AWS identity.
    """
    hosts = [host for host, source in read_registry_list(registry_list).items() if _asks_aws(source)]
    if hosts:
        yield Finding(
            FindingName.AWS_IDENTITY,
            REGISTRIES,
            f"the runner's process has no AWS identity: {reason}",
            f"AWS returns no credentials for {', '.join(hosts)}",
            "attach the runner's instance profile to the instance, and check that the instance metadata "
            "service answers the process: aws sts get-caller-identity",
        )


def _asks_aws(source: CredentialSource) -> bool:
    return source.kind in ("parameter", "secret") or source.place == (ECR_HELPER,)
