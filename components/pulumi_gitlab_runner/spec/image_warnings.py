"""Warnings about valid images and registries that are probably not the intended ones."""

from collections.abc import Iterator

from pulumi_gitlab_runner.config.finding import Finding, warning
from pulumi_gitlab_runner.images.reference import DOCKER_HUB, OTHER_HUB_HOSTS, names_docker_hub, parse
from pulumi_gitlab_runner.spec.inputs import is_known, known
from pulumi_gitlab_runner.spec.problems import join_path
from pulumi_gitlab_runner.spec.registries import PullThroughRegistry
from pulumi_gitlab_runner.spec.registries.static import HostRegistry
from pulumi_gitlab_runner.spec.stack import Stack


def image_warnings(stack: Stack, path: str = "stack") -> Iterator[Finding]:
    """Warnings about the images of runners and the hosts of registries, as far as they are known.

    Args:
        stack: the stack.
        path: the prefix of the findings' paths.
    """
    for name, registry in stack.registries.items():
        if isinstance(registry, HostRegistry) and is_known(registry.host):
            yield from _host_warnings(known(registry.host), join_path(path, "registries", name, "host"))
    for runner in stack.runners.values():
        for image_at, image in runner.images.items():
            if is_known(image):
                at = f"{join_path(path, 'runners', runner.name)}.{image_at}"
                yield from _hub_warnings(known(image), stack, at)


def _host_warnings(host: str, path: str) -> Iterator[Finding]:
    if host.partition("/")[0] in OTHER_HUB_HOSTS:
        yield warning(
            path,
            f"images of {DOCKER_HUB} are pulled without these credentials, which are for {host}",
            f"write {DOCKER_HUB}",
        )


def _hub_warnings(image: str, stack: Stack, path: str) -> Iterator[Finding]:
    """An image of Docker Hub with the name of a declared repository; `docker.io/` says that it is meant."""
    reference = parse(image)
    is_hub = reference.registry == DOCKER_HUB and image.partition("/")[0] not in stack.registries
    if not is_hub or names_docker_hub(image):
        return
    for name, registry in stack.registries.items():
        if reference.repository in registry.repositories and not isinstance(registry, PullThroughRegistry):
            yield warning(
                path,
                f"{image!r} is an image of Docker Hub, and the registry {name!r} has a repository of that "
                "name",
                f"write {name}/{image} for that one, or docker.io/{image}",
            )
