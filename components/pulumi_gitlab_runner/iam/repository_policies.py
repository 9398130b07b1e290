"""The repositories that a role pulls from, divided among several policies if they do not fit into one.

About a hundred repositories fit into a role's inline policies. The others are in managed policies; together
the policies list exactly the declared repositories. Account and region, which the ARNs have in common, are in
a condition, so that as many repositories as possible fit into a policy.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from pulumi_gitlab_runner.iam.policy import Statement, allow, policy_document
from pulumi_gitlab_runner.iam.pull import IMPORT_ACTIONS, PULL_ACTIONS
from pulumi_gitlab_runner.iam.quotas import MANAGED_POLICIES_PER_ROLE, MANAGED_POLICY
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import substituted
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem
from pulumi_gitlab_runner.spec.registries import Registry

INLINE_ROOM = 6_500
"""The maximum number of characters for repositories in a role's inline policies; the other statements of a
host fit into the remaining characters."""

_NOMINAL = AwsEnvironment("0" * 12, "ap-southeast-1")
"""A placeholder for account and region, so that the number of policies depends only on names."""
_FULL_ENOUGH = (0.8, 1.0)
"""The minimum fill level of a policy that is not the last one; the second value if the first gives too many
policies."""


@dataclass(frozen=True, order=True)
class RepositoryOf:
    """A repository: its name in ECR, and the name of the registry that declares it."""

    registry: str
    name: str

    @property
    def order(self) -> bytes:
        """A hash of the names, which orders repositories in the same way in each run."""
        return hashlib.sha256(f"{self.registry} {self.name}".encode()).digest()


Part = tuple[RepositoryOf, ...]
"""The repositories of one policy."""


@dataclass(frozen=True)
class Division:
    """The repositories of each policy of a role.

    Attributes:
        inline: the repositories in the inline policy; None for all, with their full ARNs.
        managed: the repositories in each managed policy.
    """

    inline: Part | None = None
    managed: tuple[Part, ...] = ()


def division(registries: Iterable[Registry], *, further: int, path: str) -> Division:
    """The division of a role's repositories among its policies.

    It depends only on names, so a preview knows the policies. The last repository of each policy is chosen by
    a hash of its name, and not by counting, so that an additional repository changes only one or two
    policies.

    Args:
        registries: the registries that the role pulls from.
        further: the number of other managed policies of the role.
        path: the path in the declaration of the entry that the role belongs to.

    Raises:
        DeclarationError: the role would need more managed policies than IAM allows.
    """
    resources = [
        resource
        for each in registries
        for access in [substituted(each, lambda _: _NOMINAL.account).pull_access(_NOMINAL)]
        # A cached repository is listed twice: for the pull, and for the import.
        for resource in [
            *((each.name, arn) for arn in access.repositories),
            *((each.name, arn) for arn in access.cached for _ in range(2)),
        ]
    ]
    if sum(len(arn) + 3 for _, arn in resources) <= INLINE_ROOM:
        return Division()
    repositories = sorted({RepositoryOf(registry, _name(arn)) for registry, arn in resources})
    allowed = MANAGED_POLICIES_PER_ROLE - further
    for full_enough in _FULL_ENOUGH:
        inline, *managed = _divided(repositories, full_enough)
        if len(managed) <= allowed:
            return Division(inline, tuple(managed))
    of_your_own = f" in addition to {further} of your own" if further else ""
    raise DeclarationError(
        [
            Problem(
                path,
                f"{len(repositories):,} repositories, for which a role needs {len(managed)} managed policies",
                f"at most {allowed} managed policies{of_your_own}, the AWS quota for a role",
                "divide them: declare a separate host for runners that need fewer registries; each host has "
                "its own role",
            )
        ]
    )


def _divided(repositories: Sequence[RepositoryOf], full_enough: float) -> Iterator[Part]:
    start, room = 0, INLINE_ROOM
    while start < len(repositories):
        fitting = list(_sizes_within(room, repositories[start:]))
        end = len(fitting)
        if start + end < len(repositories):
            ends = [index for index, size in enumerate(fitting, 1) if size >= full_enough * room]
            end = min(ends or [end], key=lambda index: repositories[start + index - 1].order)
        yield tuple(repositories[start : start + end])
        start, room = start + end, MANAGED_POLICY.characters


def _sizes_within(room: int, repositories: Sequence[RepositoryOf]) -> Iterator[int]:
    """The sizes of a policy with the first repository, the first two, and so on, as long as they fit."""
    size, registry = _DOCUMENT, ""
    for each in repositories:
        size += len(_anywhere(each.name)) + 3 + (_STATEMENT if each.registry != registry else 0)
        registry = each.registry
        if size > room:
            return
        yield size


def repository_policy(
    part: Part, registries: Iterable[Registry], environment: AwsEnvironment, path: str
) -> str:
    """The managed policy with a part of the repositories.

    Args:
        part: the repositories.
        registries: the registries that the role pulls from.
        environment: the AWS environment of the stack.
        path: the path in the declaration of the entry that the role belongs to.
    """
    document = policy_document(repository_statements(part, registries, environment))
    return MANAGED_POLICY.checked(document, path, "divide the registries among more hosts")


def repository_statements(
    part: Part, registries: Iterable[Registry], environment: AwsEnvironment
) -> Iterator[Statement]:
    """The statements that allow a role to pull from a part of the repositories.

    The keys `aws:ResourceAccount` and `aws:RequestedRegion`, which all these calls support, restrict the
    account and region: github.com/aws-samples/data-perimeter-policy-examples, ecr-specific-guidance.md.

    Args:
        part: the repositories.
        registries: the registries that the role pulls from.
        environment: the AWS environment of the stack.
    """
    numbers = count(1)
    for registry in registries:
        access = registry.pull_access(environment)
        names = {each.name for each in part if each.registry == registry.name}
        for sid, actions, arns in (
            ("EcrPull", PULL_ACTIONS, access.repositories),
            ("EcrPullThrough", (*PULL_ACTIONS, *IMPORT_ACTIONS), access.cached),
        ):
            if listed := [arn for arn in arns if _name(arn) in names]:
                yield _statement(f"{sid}{next(numbers)}", actions, listed)


def _statement(sid: str, actions: Sequence[str], arns: Sequence[str]) -> Statement:
    _, _, _, region, account, _ = arns[0].split(":", 5)
    conditions = {"aws:RequestedRegion": region, "aws:ResourceAccount": account}
    return allow(sid, actions, [_anywhere(_name(arn)) for arn in arns], {"StringEquals": conditions})


def _anywhere(name: str) -> str:
    return f"arn:*:ecr:*:*:repository/{name}"


def _name(arn: str) -> str:
    return arn.partition(":repository/")[2]


_DOCUMENT = MANAGED_POLICY.size(policy_document([]))
_STATEMENT = MANAGED_POLICY.size(
    json.dumps(
        _statement(
            "EcrPullThrough99",
            (*PULL_ACTIONS, *IMPORT_ACTIONS),
            [f"arn:aws:ecr:{_NOMINAL.region}:{_NOMINAL.account}:repository/"],
        )
    )
)
"""The size of a statement, which the first repository of each registry adds."""
