"""The images that a whole stack builds, and what its runners' images are by them."""

from collections.abc import Mapping, Sequence

import pulumi

from pulumi_gitlab_runner.aws.ecr_repositories import EcrRepositories
from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.docker.image_build import ImageBuild
from pulumi_gitlab_runner.spec.builds import Build, built_images
from pulumi_gitlab_runner.spec.registries.addresses import known_address
from pulumi_gitlab_runner.spec.stack import Stack, StackDeclaration


def stack_builds(
    stack: Stack,
    args: StackDeclaration,
    place: AwsEnvironmentArgs,
    repositories: Mapping[str, EcrRepositories],
    parent: pulumi.Resource,
) -> dict[str, ImageBuild]:
    """Make the builds of a stack, by their names.

    Args:
        stack: the stack.
        args: its declaration.
        place: where in AWS it lives.
        repositories: those that it creates, by their registries: the images wait for them.
        parent: what the builds belong to.
    """
    return {
        name: ImageBuild(
            name,
            {
                **args["builds"][name],
                "repository": _repository(build, stack, repositories),
                "registries": args["registries"],
                "environment": place,
            },
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for name, build in stack.builds.items()
    }


def built_pins(
    stack: Stack, builds: Mapping[str, ImageBuild], images: Sequence[str]
) -> dict[str, pulumi.Output[str]]:
    """The tag and digest of each image that is built here.

    Args:
        stack: the stack.
        builds: its builds, by their names.
        images: those that its runners declare.
    """
    return {image: builds[name].pin for image, name in built_images(stack.builds, images).items()}


def _repository(build: Build, stack: Stack, repositories: Mapping[str, EcrRepositories]) -> pulumi.Input[str]:
    """Where an image is pushed to: a repository that the stack creates is there first."""
    name, _, repository = build.repository.partition("/")
    if name in repositories:
        return repositories[name].urls[repository]
    # No registry but ECR's depends on where the stack lives.
    return f"{known_address(stack.registries[name], None)}/{repository}"
