"""The images that a stack builds and mirrors, and the digests of its runners' images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from pulumi_gitlab_runner.component import renamed_child
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.resolution import resolved
from pulumi_gitlab_runner.spec.aws_environment import NOWHERE
from pulumi_gitlab_runner.spec.inputs import Value
from pulumi_gitlab_runner.spec.problems import join_path
from pulumi_gitlab_runner.spec.stack import Stack

RepositoryUrls = Mapping[str, pulumi.Output[dict[str, str]]]
"""The URLs of the repositories that a stack creates, by registry: images depend on them."""


@dataclass
class StackImages:
    """The images that a stack builds and mirrors.

    Attributes:
        builds: the image of each build, `repository:tag@sha256:…`, by the name of the build.
        mirrors: the images of each mirror, by the name of the mirror.
        pins: the digest of each image, with the tag for a build, by the image as a runner declares it.
        variables: the entries of the stack output for the mirrors' CI variables.
    """

    builds: dict[str, Any] = field(default_factory=dict)
    mirrors: dict[str, Any] = field(default_factory=dict)
    pins: dict[str, Any] = field(default_factory=dict)
    variables: list[pulumi.Output[list[Any]]] = field(default_factory=list)


def read_contexts(stack: Stack) -> dict[str, Any]:
    """The build context of each build, by its name: read before any resource is registered.

    Raises:
        DeclarationError: a file does not exist, or cannot be read.
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
        name: the prefix of the resource names.
        stack: the stack.
        contexts: the build contexts, by the names of their builds.
        environment: the AWS account and region.
        urls: the URLs of the repositories that the stack creates, by registry.
        parent: the parent of the resources.
    """
    images = StackImages()
    for each, build in stack.builds.items():
        from pulumi_gitlab_runner.docker.image_build import BuildModel, ImageBuild

        repository = _repository(build.repository, stack, urls)
        image = ImageBuild.of(
            f"{name}-{each}",
            BuildModel(build, contexts[each], repository, stack.registries, environment),
            renamed_child(parent, each),
        )
        images.builds[each] = image.image
        images.pins[build.repository] = image.pin
    for each, mirror in stack.mirrors.items():
        from pulumi_gitlab_runner.mirror.image_mirror import ImageMirror, MirrorModel

        mirrored = ImageMirror.of(
            f"{name}-{each}",
            MirrorModel(mirror, stack.registries, urls.get(mirror.registry), environment),
            renamed_child(parent, each),
        )
        images.mirrors[each] = mirrored.images
        images.variables.append(mirrored.variables)
        for declared in mirror.images:
            images.pins[mirror.image_name(declared)] = mirrored.digests[declared.name]
    return images


def _repository(declared: str, stack: Stack, urls: RepositoryUrls) -> pulumi.Output[str]:
    """The URL of the repository that an image is pushed to, known after the stack has created it."""
    registry, _, repository = declared.partition("/")
    if registry in urls:
        return urls[registry].apply(lambda known: known[repository])
    # Only the address of an ECR registry depends on the AWS environment.
    address = resolved(stack.registries[registry]).apply(lambda known: known.address_in(NOWHERE))
    return pulumi.Output.concat(address, "/", repository)


def stack_digests(
    stack: Stack, images: StackImages, environment: Environment, parent: pulumi.Resource
) -> pulumi.Output[dict[str, str]]:
    """The digests of the images that a stack's runners declare, and of the images that it builds and mirrors.

    Args:
        stack: the stack.
        images: the images that the stack builds and mirrors.
        environment: the AWS account and region.
        parent: the parent of the look-ups.
    """
    declared: list[Value[str]] = [
        image for manager in stack.managers.values() for image in manager.pinned_images
    ]
    unknown = [image for image in declared if not (isinstance(image, str) and image in images.pins)]
    found: pulumi.Output[dict[str, str]] = pulumi.Output.from_input({})
    if unknown:
        from pulumi_gitlab_runner.manager.image_digests import image_digests

        found = image_digests(unknown, stack.registries, environment, parent, stack.authorities)
    return pulumi.Output.all(found, pulumi.Output.from_input(images.pins)).apply(
        lambda known: known[0] | known[1]
    )
