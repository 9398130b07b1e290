"""Docker in Docker, a service that needs privileges; and which services of a runner have privileges."""

import re
from collections.abc import Mapping
from typing import Any

from pulumi_gitlab_runner.images.patterns import matches_pattern

_DOCKER_IN_DOCKER = re.compile(r"(^|/)docker:[\w.-]*dind[\w.-]*(@|$)")
"""Docker's own image: docs.gitlab.com/ci/docker/using_docker_build."""


def is_docker_in_docker(image: str) -> bool:
    """Whether an image is Docker in Docker."""
    return _DOCKER_IN_DOCKER.search(image) is not None


def services_are_privileged(docker: Mapping[str, Any]) -> bool:
    """Whether a runner's services are privileged, all of them or those of `allowed_privileged_services`.

    `services_privileged` replaces `privileged` for services: gitlab-runner 19.3, executors/docker/docker.go,
    `createHostConfigForService`.

    Args:
        docker: the section `[runners.docker]`.
    """
    return bool(docker.get("services_privileged", docker.get("privileged", False)))


def is_privileged(service: str, docker: Mapping[str, Any]) -> bool:
    """Whether a service of a runner is privileged.

    The patterns are compared with the text of the name, in which `docker:dind` and `docker.io/docker:dind`
    differ; without patterns, every service is allowed: `isInAllowedPrivilegedImages`, in the same file.

    Args:
        service: the image of the service.
        docker: the section `[runners.docker]`.
    """
    patterns = docker.get("allowed_privileged_services") or ()
    allowed = not patterns or any(matches_pattern(str(each), service) for each in patterns)
    return allowed and services_are_privileged(docker)
