"""Findings about ECR repositories from which the role of a runner's manager may not pull."""

from collections.abc import Iterator

from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.pull_rights import EcrRepository
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.ecr import ECR_HOST
from pulumi_gitlab_runner.images.reference import ImageReference
from pulumi_gitlab_runner.spec.problems import did_you_mean


def repository_findings(
    resolution: Resolution, image: ImageReference | None, host: RunnerHost
) -> Iterator[Finding]:
    """An image of ECR that is pulled with the role, of a repository that the stack does not declare.

    In the role's own account, a repository policy can allow the role without its own policies:
    docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html.

    Args:
        resolution: how the runner finds the image's credentials.
        image: the image; None if its name is invalid.
        host: the runner.
    """
    source, rights = resolution.source, host.pull_rights
    if image is None or rights is None or source is None or source.name != host.home[0].path:
        return
    registry = ECR_HOST.fullmatch(image.registry)
    if registry is None:
        return
    repository = EcrRepository(registry["account"], registry["region"], image.repository)
    if rights.allow(repository):
        return
    allowed = rights.ask(repository) if rights.ask else None
    if allowed:
        return
    why = "ECR denies the pull"
    if allowed is None and repository.account == rights.account:
        why += ", unless the policy of the repository allows the role"
    suggestion = did_you_mean(image.repository, rights.declared(repository))
    declare = "declare it under `repositories` of the registry in the stack"
    yield Finding(
        FindingName.REPOSITORY_NOT_DECLARED,
        resolution.image,
        f"the repository {image.repository!r} is not declared, and the policies of the manager's role allow "
        "pulls from declared repositories alone",
        why,
        f"{suggestion} Otherwise {declare}" if suggestion else declare,
    )
