"""Findings about services that are pulled, and do not start."""

from collections.abc import Iterator, Sequence

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.runner_host import RunnerHost
from pulumi_gitlab_runner.images.docker_in_docker import lacks_privileges

_EXECUTORS = ("docker", "docker-autoscaler", "docker+machine")


def service_findings(image: str, users: Sequence[str], host: RunnerHost) -> Iterator[Finding]:
    """Docker in Docker as a service of a job, on a runner without privileges for services.

    Args:
        image: the name of the image.
        users: the jobs that use it, such as ``service of test``.
        host: the runner.
    """
    jobs = [user for user in users if user.startswith("service of ")]
    if not jobs or host.settings.get("executor") not in _EXECUTORS:
        return
    if lacks_privileges(image, host.docker_settings):
        yield Finding(
            FindingName.SERVICE_UNPRIVILEGED,
            image,
            f"it is Docker in Docker, as {', '.join(jobs)}, and services of this runner are not privileged",
            "it does not start, and the job's docker commands fail: Cannot connect to the Docker daemon",
            "build images with Buildah or BuildKit's rootless mode; or set `services_privileged`, with "
            "`allowed_privileged_services`, on a fleet whose instances run one job each",
        )
