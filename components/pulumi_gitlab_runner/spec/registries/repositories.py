"""The repositories of registries, and their settings in ECR."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pulumi_gitlab_runner.images.ecr import ALL_TAGS, ECR_HOST
from pulumi_gitlab_runner.images.retention import TagRule
from pulumi_gitlab_runner.spec.aws_environment import KEY_ARN
from pulumi_gitlab_runner.spec.inputs import Input, Value, check, check_key, model_of
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path, listed, minimum_problems
from pulumi_gitlab_runner.spec.regions import arn_problems, region_of
from pulumi_gitlab_runner.spec.registries.declaration import (
    KeepDeclaration,
    RepositoriesDeclaration,
    RepositorySettingsDeclaration,
    declared_repositories,
)

REPOSITORY_SHOWN = ("keep_images", "untagged_days", "keep", "mutable_tags", "kms_key")
"""The settings of a repository that are shown: see `spec.declared`."""

KEEP_IMAGES = 100
UNTAGGED_DAYS = 7

_MOST_ACCOUNTS = 250
"""The number of accounts that fit in a repository policy of 10,240 characters, in every partition of AWS:
docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
"""docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html."""
PREFIX = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
"""The prefix of the names of repositories: the pattern of the AWS provider (internal/service/ecr)."""

_LONGEST_PREFIX = 30
"""The maximum length of a cache's prefix:
docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html."""

_TAG_PATTERN = re.compile(r"[0-9a-zA-Z._*-]{1,128}")
_MOST_WILDCARDS = {"keep": 4, "mutable_tags": 2}
"""The maximum number of `*` in a pattern: docs.aws.amazon.com/AmazonECR/latest/userguide
/lifecycle_policy_parameters.html; for mutable tags, the limit of the AWS provider (internal/service/ecr)."""
_MOST_MUTABLE = 5
_MOST_RULES = 50 - 2
"""The maximum number of `keep` rules: ECR allows 50 rules in a lifecycle policy, of which one is for untagged
images and one for all tags."""


@dataclass(frozen=True, kw_only=True)
class RepositorySettings:
    """The settings of a repository for its images, with the defaults filled in."""

    keep_images: int = KEEP_IMAGES
    untagged_days: int = UNTAGGED_DAYS
    keep: tuple[TagRule, ...] = ()
    mutable_tags: tuple[str, ...] = ()
    kms_key: Value[str] | None = None


_Settings = TypeVar("_Settings", bound=RepositorySettings)


@dataclass(frozen=True)
class Repository(RepositorySettings):
    """One repository, with the defaults filled in."""

    shown = (*REPOSITORY_SHOWN, "delete_images", "adopt")

    name: str
    delete_images: bool = False
    adopt: bool = False


def parse_repositories(declaration: RepositoriesDeclaration) -> dict[str, Repository]:
    """The repositories that a valid declaration describes."""
    declared = declared_repositories(declaration)
    return {name: parse_settings(Repository, each, name=name) for name, each in declared.items()}


def parse_settings(kind: type[_Settings], declaration: Mapping[str, Any], **own: Any) -> _Settings:
    """The settings of a repository, with its retention rules; see `model_of`."""
    return model_of(kind, declaration, {"keep": _parse_keep}, **own)


def _parse_keep(rules: Sequence[KeepDeclaration]) -> tuple[TagRule, ...]:
    return tuple(
        TagRule(pattern, each.get("images"), each.get("days")) for each in rules for pattern in each["tags"]
    )


def repositories_problems(declaration: RepositoriesDeclaration, path: str) -> Iterator[Problem]:
    """The problems of repositories and the accounts that may pull from them."""
    for name, repository in declared_repositories(declaration).items():
        at = join_path(path, "repositories", name)
        host, _, rest = name.partition("/")
        if ECR_HOST.fullmatch(host):
            yield Problem(at, repr(name), "a name without the registry's host", f"write {rest or 'NAME'!r}")
        elif not REPOSITORY.fullmatch(name) or not 2 <= len(name) <= 256:
            yield Problem(
                at, repr(name), "a repository name of ECR: 2 to 256 of a-z, 0-9, '.', '_', '-' and '/'"
            )
        yield from settings_problems(repository, at)
    yield from accounts_problems(declaration.get("allow_pull", ()), join_path(path, "allow_pull"))


def accounts_problems(accounts: Sequence[Input[str]], path: str) -> Iterator[Problem]:
    """The problems of a list of AWS accounts that may pull."""
    if len(accounts) > _MOST_ACCOUNTS:
        found, allowed = (
            f"{len(accounts)} accounts",
            f"{_MOST_ACCOUNTS} at most, the limit of a repository policy in ECR",
        )
        yield Problem(path, found, allowed, "copy the images to their registries: replicate_to")
    for index, account in enumerate(accounts):
        yield from check(account, account_problems, join_path(path, index))


def empty_problems(text: str, path: str, allowed: str) -> Iterator[Problem]:
    """The problems of a text that must not be empty; the text is not shown."""
    if not text:
        yield Problem(path, "an empty value", allowed)


def account_problems(account: str, path: str) -> Iterator[Problem]:
    """The problems of the ID of an AWS account."""
    return form_problems(account, path, _ACCOUNT, "an AWS account, 12 digits")


def settings_problems(declaration: RepositorySettingsDeclaration, path: str) -> Iterator[Problem]:
    """The problems of the settings of a repository."""
    yield from minimum_problems(declaration, {"keep_images": 1, "untagged_days": 1}, path)
    yield from _keep_problems(declaration.get("keep", []), join_path(path, "keep"))
    yield from _mutable_problems(declaration.get("mutable_tags", []), join_path(path, "mutable_tags"))
    yield from check_key(declaration, "kms_key", path, _key_problems)


def _key_problems(key: str, path: str) -> Iterator[Problem]:
    allowed = "the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID"
    fix = "ECR returns the key of an alias, which would show as a change" if ":alias/" in key else ""
    return arn_problems(key, path, KEY_ARN, allowed, fix)


def key_region_problems(
    declaration: RepositorySettingsDeclaration, region: str, path: str
) -> Iterator[Problem]:
    """The problems of a KMS key in another region than the repository."""
    return check_key(declaration, "kms_key", path, _key_place_problems, region)


def _key_place_problems(key: str, path: str, region: str) -> Iterator[Problem]:
    if KEY_ARN.fullmatch(key) and region_of(key) != region:
        yield Problem(path, f"a key in {region_of(key)}", f"a key in {region}, the region of the repository")


def _keep_problems(rules: Sequence[KeepDeclaration], path: str) -> Iterator[Problem]:
    seen: dict[str, str] = {ALL_TAGS: "keep_images"}
    for index, rule in enumerate(rules):
        at = join_path(path, index)
        given = [key for key in ("images", "days") if key in rule]
        if len(given) != 1:
            yield Problem(at, listed(given, "neither 'images' nor 'days'"), "exactly one of images, days")
        yield from minimum_problems(rule, {"images": 1, "days": 1}, at)
        if not rule["tags"]:
            yield Problem(join_path(at, "tags"), "no patterns", "at least one, such as release-*")
        for number, pattern in enumerate(rule["tags"]):
            pattern_at = join_path(at, "tags", number)
            yield from _pattern_problems(pattern, pattern_at, _MOST_WILDCARDS["keep"])
            first = seen.setdefault(pattern, pattern_at)
            if first != pattern_at:
                yield Problem(
                    pattern_at, f"{pattern!r}, which {first} already matches", "one rule for each pattern"
                )
    count = sum(len(rule["tags"]) for rule in rules)
    if count > _MOST_RULES:
        yield Problem(
            path, f"{count} patterns", f"{_MOST_RULES} at most, as ECR allows {_MOST_RULES + 2} rules"
        )


def _mutable_problems(patterns: Sequence[str], path: str) -> Iterator[Problem]:
    if len(patterns) > _MOST_MUTABLE:
        yield Problem(path, f"{len(patterns)} patterns", f"{_MOST_MUTABLE} at most", '["*"] is for all tags')
    for index, pattern in enumerate(patterns):
        yield from _pattern_problems(pattern, join_path(path, index), _MOST_WILDCARDS["mutable_tags"])


def _pattern_problems(pattern: str, path: str, most_wildcards: int) -> Iterator[Problem]:
    if not _TAG_PATTERN.fullmatch(pattern) or pattern.count("*") > most_wildcards:
        yield Problem(
            path,
            repr(pattern),
            f"1 to 128 of a-z, A-Z, 0-9, '.', '_', '-', and '*' for any characters, {most_wildcards} times "
            "at most",
        )


def prefix_problems(name: str, path: str) -> Iterator[Problem]:
    """The problems of the prefix of a pull-through cache, such as the name of a cached registry."""
    if not 2 <= len(name) <= _LONGEST_PREFIX or not PREFIX.fullmatch(name):
        yield Problem(
            path,
            repr(name),
            f"a name of 2 to {_LONGEST_PREFIX} characters that does not end with '-'",
            "it is the prefix of the cached repositories in ECR",
        )
