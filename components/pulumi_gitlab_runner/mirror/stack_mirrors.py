"""The mirrors of a whole stack, and the digests that its runners' images have by them."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from pulumi_gitlab_runner.aws.ecr_repositories import EcrRepositories
from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.mirror.image_mirror import ImageMirror, ImageMirrorArgs
from pulumi_gitlab_runner.spec.stack import Stack, StackDeclaration


def stack_mirrors(
    stack: Stack,
    args: StackDeclaration,
    place: AwsEnvironmentArgs,
    repositories: Mapping[str, EcrRepositories],
    parent: pulumi.Resource,
) -> dict[str, ImageMirror]:
    """Make the mirrors of a stack, by their names.

    Args:
        stack: the stack.
        args: its declaration.
        place: where in AWS it lives.
        repositories: those that it creates, by their registries: the images wait for them.
        parent: what the mirrors belong to.
    """
    made = {}
    for name in stack.mirrors:
        declared: dict[str, Any] = {**args["mirrors"][name]}
        if declared["registry"] in repositories:
            declared["repository_urls"] = repositories[declared["registry"]].urls
        declared |= {"registries": args["registries"], "environment": place}
        made[name] = ImageMirror(
            name, cast("ImageMirrorArgs", declared), opts=pulumi.ResourceOptions(parent=parent)
        )
    return made


def mirrored_digests(stack: Stack, mirrors: Mapping[str, ImageMirror]) -> dict[str, pulumi.Output[str]]:
    """The digest of each mirrored image, by the name under which a runner would declare it."""
    return {
        mirror.image_name(image): mirrors[name].digests[image.name]
        for name, mirror in stack.mirrors.items()
        for image in mirror.images
    }
