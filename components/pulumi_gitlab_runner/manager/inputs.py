"""The values on which the files of a manager depend, once they are known."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pulumi

from pulumi_gitlab_runner.host.check import check_resolved
from pulumi_gitlab_runner.host.manager_inputs import ManagerInputs
from pulumi_gitlab_runner.manager.arguments import HostedManager
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.manager.image_digests import image_digests
from pulumi_gitlab_runner.resolution import refused_as_whole, resolved
from pulumi_gitlab_runner.spec.arguments import relocated
from pulumi_gitlab_runner.spec.inputs import Value
from pulumi_gitlab_runner.spec.runners import check_pinned
from pulumi_gitlab_runner.spec.stack import check_in


def manager_inputs(
    hosted: HostedManager, images: Iterable[Value[str]], environment: Environment, parent: pulumi.Resource
) -> pulumi.Output[ManagerInputs]:
    """The inputs of the files of a manager, without the bucket of its cache.

    They are checked, also in a preview: the digests are complete for the runners that require them, and the
    declaration has no problem that depends on the AWS environment or on values that were Outputs.

    Args:
        hosted: the manager.
        images: the images whose digests are looked up if `hosted` has none.
        environment: the AWS account and region.
        parent: the parent of the look-ups.
    """
    stack, digests = hosted.stack(), hosted.digests
    if digests is None:
        digests = image_digests(images, hosted.registries, environment, parent, hosted.manager.authorities)

    def checked(known: list[Any]) -> ManagerInputs:
        known_stack, known_digests, known_environment = known
        manager = known_stack.managers[hosted.manager.name]
        with refused_as_whole(), relocated(hosted.places):
            check_pinned(manager.runners, known_digests, hosted.path)
            # Its registries are only those that its runners use.
            check_in(known_stack, known_environment, hosted.path)
            check_resolved(stack, known_stack, hosted.path)
        return ManagerInputs.of(known_stack, manager, known_environment, digests=dict(known_digests))

    return pulumi.Output.all(resolved(stack), digests, environment).apply(checked)


def with_cache(inputs: pulumi.Output[ManagerInputs], hosted: HostedManager) -> pulumi.Output[ManagerInputs]:
    """The inputs with the bucket of the manager's cache, if it has a cache."""
    if hosted.cache_bucket is None:
        return inputs
    return pulumi.Output.all(inputs, hosted.cache_bucket).apply(
        lambda known: replace(known[0], cache_bucket=known[1])
    )
