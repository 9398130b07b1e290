"""Findings about ECR repositories from which the role of a runner's manager may not pull."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.ecr import ECR_HOST
from pulumi_gitlab_runner.images.reference import ImageReference
from pulumi_gitlab_runner.spec.problems import did_you_mean


def repository_findings(
    resolution: Resolution, image: ImageReference | None, host: RunnerHost
) -> Iterator[Finding]:
    """An image of ECR that is pulled with the role, of a repository that the stack does not declare.

    Args:
        resolution: how the runner finds the image's credentials.
        image: the image; None if its name is invalid.
        host: the runner.
    """
    source = resolution.source
    if image is None or host.pull_arns is None or source is None or source.name != host.home[0].path:
        return
    registry = ECR_HOST.fullmatch(image.registry)
    if registry is None:
        return
    of_registry = f":ecr:{registry['region']}:{registry['account']}:repository/"
    allowed = [arn.partition(of_registry)[2] for arn in host.pull_arns if of_registry in arn]
    if any(fnmatchcase(image.repository, each) for each in allowed):
        return
    suggestion = did_you_mean(image.repository, allowed)
    declare = "declare it under `repositories` of the registry in the stack"
    yield Finding(
        FindingName.REPOSITORY_NOT_DECLARED,
        resolution.image,
        f"the repository {image.repository!r} is not declared, and the role of the runner's manager may pull "
        "from declared repositories alone",
        "ECR denies the pull",
        f"{suggestion} Otherwise {declare}" if suggestion else declare,
    )
