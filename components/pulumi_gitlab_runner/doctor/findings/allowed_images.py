"""Findings about images that a runner's `allowed_images` and `allowed_services` do not allow."""

from collections.abc import Callable, Iterator, Sequence

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName, shown_jobs
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.patterns import matches_pattern

_LISTS = {"image": "allowed_images", "service": "allowed_services"}
RUNNERS_OWN = {"image": "jobs without one", "service": "every job", "helper": "every job"}
"""The users of the images in the runner's own configuration, in place of a job, by role."""
_MOST_SHOWN = 5


def allowed_image_findings(
    image: str, users: Sequence[str], host: RunnerHost, expanded: Callable[[str], str]
) -> Iterator[Finding]:
    """An image or a service of a job that the runner refuses.

    The runner compares the text of the name, and allows the images in its own configuration: gitlab-runner
    19.3, common/allowed_images.go; executors/docker/docker.go, `expandImageName`; services.go.

    Args:
        image: the name of the image.
        users: the jobs that use it, such as ``service of test``.
        host: the runner.
        expanded: expands the variables in a name of the runner's configuration.
    """
    if not host.runs_containers:
        return
    docker = host.docker_settings
    services = docker.get("services")
    own = {
        "image": [docker.get("image")],
        "service": [each.get("name") for each in services or () if isinstance(each, dict)],
    }
    for role, key in _LISTS.items():
        of_role = [user for user in users if user.startswith(f"{role} of ")]
        jobs = [user for user in of_role if user != f"{role} of {RUNNERS_OWN[role]}"]
        patterns = docker.get(key)
        if not jobs or not isinstance(patterns, list) or not patterns:
            continue
        if any(matches_pattern(str(each), image) for each in patterns):
            continue
        if image in [expanded(name) for name in own[role] if isinstance(name, str)]:
            continue
        shown = ", ".join(map(repr, patterns[:_MOST_SHOWN])) + (", …" if len(patterns) > _MOST_SHOWN else "")
        only_digests = all("@sha256:" in str(each) for each in patterns) and "@sha256:" not in image
        yield Finding(
            FindingName.IMAGE_REFUSED,
            image,
            f"as {shown_jobs(jobs)}, no pattern of {key} of the runner matches it: {shown}",
            'the job fails before the image is pulled: "disallowed image"',
            "write the image with its digest: `runner-doctor pin` does it"
            if only_digests
            else f"write the image as a pattern has it, or add a pattern to {key} of the runner",
        )
