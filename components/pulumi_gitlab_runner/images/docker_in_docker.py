"""Docker in Docker: a service that needs privileges."""

import re
from collections.abc import Mapping
from typing import Any

_DOCKER_IN_DOCKER = re.compile(r"(^|/)docker:[\w.-]*dind[\w.-]*(@|$)")
"""Docker's own image: docs.gitlab.com/ci/docker/using_docker_build."""


def lacks_privileges(service: str, docker: Mapping[str, Any]) -> bool:
    """Whether a service is Docker in Docker, and the services of a runner are not privileged.

    `services_privileged` replaces `privileged` for services: gitlab-runner, executors/docker/docker.go.

    Args:
        service: the image of the service.
        docker: the section `[runners.docker]`.
    """
    privileged = docker.get("services_privileged", docker.get("privileged", False))
    return not privileged and _DOCKER_IN_DOCKER.search(service) is not None
