"""The values on which the files of a runner manager depend."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.stack import Stack

NOT_MADE = "not-made-yet"
"""The placeholder for a bucket or a group in files that are rendered without the stack."""


@dataclass(frozen=True)
class ManagerInputs:
    """A manager, and the values on which its files depend.

    Attributes:
        manager: the resolved manager.
        registries: the registries that its runners use, by name.
        environment: the AWS account and region of the stack.
        gitlab_url: the URL of GitLab for the host.
        digests: the known digests of the images, by the image as declared.
        cache_bucket: the name of the cache's bucket, if the stack has a cache.
        runner_ids: the IDs in GitLab of the registered runners, by name; None for placeholders, which the
            host replaces.
        tokens: the runners' tokens, by name; a placeholder, which the host replaces, for a runner without.
    """

    manager: Manager
    registries: Mapping[str, Registry]
    environment: AwsEnvironment
    gitlab_url: str
    digests: Mapping[str, str] = field(default_factory=dict)
    cache_bucket: str = NOT_MADE
    runner_ids: Mapping[str, int] | None = None
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, stack: Stack, manager: Manager, environment: AwsEnvironment, **values: Any) -> Self:
        """The inputs of a manager of a stack.

        Args:
            stack: the resolved stack.
            manager: its manager.
            environment: the AWS account and region of the stack.
            values: the other attributes.
        """
        registries = stack.registries_of(manager)
        return cls(manager, registries, environment, known(stack.gitlab_url), **values)
