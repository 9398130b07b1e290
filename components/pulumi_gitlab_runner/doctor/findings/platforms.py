"""Findings about the platform of an image, which the machine of the jobs may not run."""

from collections.abc import Iterator

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.platforms import architecture_name, runs_on


def platform_findings(image: str, platform: str, host: RunnerHost) -> Iterator[Finding]:
    """An image of a platform that the processor of the runner's machines does not run.

    Args:
        image: the name of the image.
        platform: the value of `docker: platform` of the image; empty for none.
        host: the runner.
    """
    if not platform or host.architecture is None or runs_on(platform, host.architecture):
        return
    yield Finding(
        FindingName.PLATFORM,
        image,
        f"the job asks for {platform}, and the runner's jobs run on "
        f"linux/{architecture_name(host.architecture)}",
        "its programs do not start, unless that machine emulates the platform: exec format error",
        "remove `platform`, or run the job on a runner with that architecture",
    )
