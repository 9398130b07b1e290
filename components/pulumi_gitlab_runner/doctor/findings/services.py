"""Findings about the privileges of services: Docker in Docker without them, and other services with them."""

from collections.abc import Iterator, Sequence

from pulumi_gitlab_runner.doctor.finding import Finding, FindingName, shown_jobs
from pulumi_gitlab_runner.doctor.runner_host import CONFIG, RunnerHost
from pulumi_gitlab_runner.images.docker_in_docker import (
    is_docker_in_docker,
    is_privileged,
    services_are_privileged,
)
from pulumi_gitlab_runner.images.reference import DOCKER_HUB, InvalidImageReference, parse

_LIST = "allowed_privileged_services"


def service_findings(image: str, users: Sequence[str], host: RunnerHost) -> Iterator[Finding]:
    """Docker in Docker as a service without privileges, and a service that needs no privileges and has them.

    Args:
        image: the name of the image.
        users: the jobs that use it, such as ``service of test``.
        host: the runner.
    """
    jobs = [user for user in users if user.startswith("service of ")]
    if not jobs or not host.runs_containers:
        return
    docker = host.docker_settings
    privileged = is_privileged(image, docker)
    if is_docker_in_docker(image) and not privileged:
        yield _unprivileged(image, shown_jobs(jobs), host)
    # An instance of a fleet may run one job and no other, whose service endangers nothing else.
    elif privileged and _is_official(image) and host.settings.get("executor") == "docker":
        listed = f"a pattern of it matches {image}"
        what = listed if docker.get(_LIST) else f"it is not set, and {image} is privileged"
        yield Finding(
            FindingName.SERVICE_PRIVILEGED,
            f"{CONFIG}, runners.docker.{_LIST}",
            f"{what}, as {shown_jobs(jobs)}",
            "the service needs no privileges, and with them it is root on the runner's host",
            f'list only what needs privileges, such as {_LIST} = ["docker:*dind*"]',
        )


def _unprivileged(image: str, jobs: str, host: RunnerHost) -> Finding:
    docker = host.docker_settings
    why = "it does not start, and the job's docker commands fail: Cannot connect to the Docker daemon"
    if services_are_privileged(docker):
        patterns = ", ".join(map(repr, docker[_LIST]))
        return Finding(
            FindingName.SERVICE_UNPRIVILEGED,
            image,
            f"it is Docker in Docker, as {jobs}, and {_LIST} of this runner has only {patterns}",
            why,
            "write the image as a pattern has it, or add a pattern: the runner compares the name as written, "
            "in which docker:dind and docker.io/library/docker:dind differ",
        )
    return Finding(
        FindingName.SERVICE_UNPRIVILEGED,
        image,
        f"it is Docker in Docker, as {jobs}, and services of this runner are not privileged",
        why,
        "build images with Buildah or BuildKit's rootless mode; or set `services_privileged`, with "
        f"`{_LIST}`, on a fleet whose instances run one job each",
    )


def _is_official(image: str) -> bool:
    """Whether it is an official image of Docker Hub, none of which needs privileges but Docker's own."""
    try:
        reference = parse(image)
    except InvalidImageReference:
        return False
    namespace, _, name = reference.repository.partition("/")
    return reference.registry == DOCKER_HUB and namespace == "library" and name != "docker"
