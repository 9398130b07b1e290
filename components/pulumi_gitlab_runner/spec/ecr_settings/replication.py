"""Replication: pushed images that are copied to other registries, and from other accounts.

Limits: docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutReplicationConfiguration.html, and 10 rules,
the maximum of the AWS provider (internal/service/ecr).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pulumi_gitlab_runner.spec.ecr_settings.declaration import (
    ReplicateFromDeclaration,
    ReplicateToDeclaration,
)
from pulumi_gitlab_runner.spec.inputs import Value, check_key
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.regions import region_problems
from pulumi_gitlab_runner.spec.registries.repositories import account_problems

_PREFIX = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*")
_MOST_DESTINATIONS, _MOST_RULES, _MOST_PREFIXES = 25, 10, 100


@dataclass(frozen=True)
class Replica:
    """A destination of replication; `account` is None for the account of the stack."""

    shown = ("region", "account", "prefixes")

    region: str
    account: Value[str] | None = None
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplicaSource:
    """An account that may copy images into this registry."""

    shown = ("account", "prefixes")

    account: Value[str]
    prefixes: tuple[str, ...] = ()


def replicate_to_problems(
    declared: Sequence[ReplicateToDeclaration], region: str | None, path: str
) -> Iterator[Problem]:
    """The problems of the destinations of the ECR registry in `region`."""
    for index, replica in enumerate(declared):
        at = join_path(path, index)
        yield from region_problems(replica["region"], join_path(at, "region"))
        yield from check_key(replica, "account", at, account_problems)
        if "account" not in replica and replica["region"] == region:
            yield Problem(at, "the registry itself", "another region or another account")
        yield from _prefix_problems(replica.get("prefixes"), join_path(at, "prefixes"))
    destinations = {(each["region"], each.get("account")) for each in declared}
    if len(destinations) > _MOST_DESTINATIONS:
        yield Problem(path, f"{len(destinations)} registries", f"{_MOST_DESTINATIONS} at most")
    rules = {tuple(each.get("prefixes", ())) for each in declared}
    if len(rules) > _MOST_RULES:
        yield Problem(path, f"{len(rules)} different lists of prefixes", f"{_MOST_RULES} at most")


def replica_source_problems(declaration: ReplicateFromDeclaration, path: str) -> Iterator[Problem]:
    """The problems of an account that may copy images into this registry."""
    yield from check_key(declaration, "account", path, account_problems)
    yield from _prefix_problems(declaration.get("prefixes"), join_path(path, "prefixes"))


def _prefix_problems(prefixes: Sequence[str] | None, path: str) -> Iterator[Problem]:
    if prefixes is None:
        return
    if not 1 <= len(prefixes) <= _MOST_PREFIXES:
        allowed = f"1 to {_MOST_PREFIXES}; without the key, every repository"
        yield Problem(path, f"{len(prefixes)} prefixes", allowed)
    for index, prefix in enumerate(prefixes):
        if not _PREFIX.fullmatch(prefix) or not 2 <= len(prefix) <= 256:
            yield Problem(
                join_path(path, index),
                repr(prefix),
                "2 to 256 characters: the prefix of repository names, such as team/",
                "a prefix contains no '*'" if "*" in prefix else "",
            )
