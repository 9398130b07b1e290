"""The repositories that a role pulls from, divided among several policies if one is too small.

A role's inline policies have room for about a hundred repositories. The rest is in managed policies, and all
of them list exactly the declared repositories. The common parts of their ARNs, account and region, are in a
condition once, so that a policy has room for as many as possible.
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
"""How many characters of a role's inline policies the repositories may take: what else a host needs takes
less than the rest."""

_NOMINAL = AwsEnvironment("0" * 12, "ap-southeast-1")
"""A placeholder for account and region, before they are known: which policies exist follows from names."""
_FULL_ENOUGH = (0.8, 1.0)
"""From which part of its room on a policy may end; the second where the first would make too many of them."""


@dataclass(frozen=True, order=True)
class RepositoryOf:
    """A repository, by its name in ECR, and the name of the registry that declares it."""

    registry: str
    name: str

    @property
    def order(self) -> bytes:
        """A pseudorandom number that is always the same for the same name."""
        return hashlib.sha256(f"{self.registry} {self.name}".encode()).digest()


Part = tuple[RepositoryOf, ...]
"""The repositories of one policy."""


@dataclass(frozen=True)
class Division:
    """Which repositories are in which policy of a role.

    Attributes:
        inline: those in its inline policy; None for all of them, by their whole ARNs.
        managed: those in each of its managed policies.
    """

    inline: Part | None = None
    managed: tuple[Part, ...] = ()


def division(registries: Iterable[Registry], *, further: int, path: str) -> Division:
    """The division of a role's repositories among its policies.

    It follows from names alone, so it is known at preview which policies exist. Each ends at a repository
    that is chosen by its name, not by counting: a further repository changes one policy, or two.

    Args:
        registries: those that the role pulls from.
        further: how many managed policies the role has besides.
        path: the path in the declaration of the role's owner.

    Raises:
        DeclarationError: the role may not have so many policies.
    """
    resources = [
        resource
        for each in registries
        for access in [substituted(each, lambda _: _NOMINAL.account).pull_access(_NOMINAL)]
        # What comes through a cache is named twice, to be pulled and to be imported.
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
    of_your_own = f", beside {further} of your own" if further else ""
    raise DeclarationError(
        [
            Problem(
                path,
                f"{len(repositories):,} repositories, for which a role needs {len(managed)} managed policies",
                f"{allowed} managed policies{of_your_own}, as AWS has it for a role",
                "divide them: let runners that need fewer registries have hosts of their own, each with a "
                "role of its own",
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
    """How large a policy is with the first repository, with the second too, as far as there is room."""
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
    """The managed policy of a part.

    Args:
        part: the repositories.
        registries: those that the role pulls from.
        environment: the stack's.
        path: the path in the declaration of the role's owner.
    """
    document = policy_document(repository_statements(part, registries, environment))
    return MANAGED_POLICY.checked(document, path, "divide the registries among more hosts")


def repository_statements(
    part: Part, registries: Iterable[Registry], environment: AwsEnvironment
) -> Iterator[Statement]:
    """The statements that let a role pull from the repositories of a part.

    Account and region of a registry are those of `aws:ResourceAccount` and `aws:RequestedRegion`, which each
    of these calls has: github.com/aws-samples/data-perimeter-policy-examples, ecr-specific-guidance.md.

    Args:
        part: the repositories.
        registries: those that the role pulls from.
        environment: the stack's.
    """
    numbers = count(1)
    for registry in registries:
        access = registry.pull_access(environment)
        names = {each.name for each in part if each.registry == registry.name}
        for sid, actions, arns in (
            ("EcrPull", PULL_ACTIONS, access.repositories),
            ("EcrPullThrough", (*PULL_ACTIONS, *IMPORT_ACTIONS), access.cached),
        ):
            if held := [arn for arn in arns if _name(arn) in names]:
                yield _statement(f"{sid}{next(numbers)}", actions, held)


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
"""What the first repository of a registry takes besides: its statement."""
