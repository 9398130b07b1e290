"""The images that a whole stack builds and mirrors, and what its runners' images are by them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.resolution import resolved
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import Value
from pulumi_gitlab_runner.spec.problems import join_path
from pulumi_gitlab_runner.spec.stack import Stack

_NOWHERE = AwsEnvironment("", "")

RepositoryUrls = Mapping[str, pulumi.Output[dict[str, str]]]
"""The URLs of the repositories that a stack creates, by their registries: images wait for them."""


@dataclass
class StackImages:
    """The images of a stack's own.

    Attributes:
        builds: what each build makes, `repository:tag@sha256:…`, by its name.
        mirrors: the images of each mirror, by its name.
        pins: what pins an image of a runner, by the image as the runner would declare it.
        variables: what there is to say of the CI variables of mirrors.
    """

    builds: dict[str, Any] = field(default_factory=dict)
    mirrors: dict[str, Any] = field(default_factory=dict)
    pins: dict[str, Any] = field(default_factory=dict)
    variables: list[pulumi.Output[list[Any]]] = field(default_factory=list)


def read_contexts(stack: Stack) -> dict[str, Any]:
    """The files of each build, by its name: read before anything is registered.

    Raises:
        DeclarationError: files are not there, or cannot be read.
    """
    if not stack.builds:
        return {}
    from pulumi_gitlab_runner.docker.build_context import read_build_context

    return {
        name: read_build_context(build.context, build.dockerfile, join_path("stack", "builds", name))
        for name, build in stack.builds.items()
    }


def stack_images(
    name: str,
    stack: Stack,
    contexts: Mapping[str, Any],
    environment: Environment,
    urls: RepositoryUrls,
    parent: pulumi.Resource,
) -> StackImages:
    """Build and mirror the images of a stack.

    Args:
        name: what the names of their resources start with.
        stack: the stack.
        contexts: the files of its builds, by their names.
        environment: where in AWS it is.
        urls: of the repositories that it creates.
        parent: what they belong to.
    """
    made = StackImages()
    if stack.builds:
        _build(name, stack, contexts, environment, urls, parent, made)
    if stack.mirrors:
        _mirror(name, stack, environment, urls, parent, made)
    return made


def _build(
    name: str,
    stack: Stack,
    contexts: Mapping[str, Any],
    environment: Environment,
    urls: RepositoryUrls,
    parent: pulumi.Resource,
    made: StackImages,
) -> None:
    from pulumi_gitlab_runner.docker.image_build import ImageBuild, PlacedBuild

    for each, build in stack.builds.items():
        repository = _repository(build.repository, stack, urls)
        image = ImageBuild.of(
            f"{name}-{each}",
            PlacedBuild(build, contexts[each], repository, stack.registries, environment),
            pulumi.ResourceOptions(parent=parent, aliases=[pulumi.Alias(name=each)]),
        )
        made.builds[each] = image.image
        made.pins[build.repository] = image.pin


def _repository(declared: str, stack: Stack, urls: RepositoryUrls) -> pulumi.Output[str]:
    """The repository that an image is pushed to; one of the stack is created first."""
    registry, _, repository = declared.partition("/")
    if registry in urls:
        return urls[registry].apply(lambda known: known[repository])
    # No registry but ECR's depends on where the stack is.
    address = resolved(stack.registries[registry]).apply(lambda known: known.address_in(_NOWHERE))
    return pulumi.Output.concat(address, "/", repository)


def _mirror(
    name: str,
    stack: Stack,
    environment: Environment,
    urls: RepositoryUrls,
    parent: pulumi.Resource,
    made: StackImages,
) -> None:
    from pulumi_gitlab_runner.mirror.image_mirror import ImageMirror, PlacedMirror

    for each, mirror in stack.mirrors.items():
        mirrored = ImageMirror.of(
            f"{name}-{each}",
            PlacedMirror(mirror, stack.registries, urls.get(mirror.registry), environment),
            pulumi.ResourceOptions(parent=parent, aliases=[pulumi.Alias(name=each)]),
        )
        made.mirrors[each] = mirrored.images
        made.variables.append(mirrored.variables)
        for image in mirror.images:
            made.pins[mirror.image_name(image)] = mirrored.digests[image.name]


def stack_digests(
    stack: Stack, made: StackImages, environment: Environment, parent: pulumi.Resource
) -> pulumi.Output[dict[str, str]]:
    """The digests of the images that a stack's runners declare, and those of its own making.

    Args:
        stack: the stack.
        made: the images that it makes itself.
        environment: where in AWS it is.
        parent: what the look-ups belong to.
    """
    images: list[Value[str]] = [
        image for manager in stack.managers.values() for image in manager.pinned_images
    ]
    asked = [image for image in images if not (isinstance(image, str) and image in made.pins)]
    found: pulumi.Output[dict[str, str]] = pulumi.Output.from_input({})
    if asked:
        from pulumi_gitlab_runner.manager.image_digests import image_digests

        found = image_digests(asked, stack.registries, environment, parent, stack.authorities)
    return pulumi.Output.all(found, pulumi.Output.from_input(made.pins)).apply(
        lambda known: known[0] | known[1]
    )
