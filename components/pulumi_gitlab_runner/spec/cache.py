"""The distributed cache of a stack's runners."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.aws_environment import kms_key_problems
from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, model_of, strict
from pulumi_gitlab_runner.spec.problems import Problem, join_path, minimum_problems


@strict
class CacheDeclaration(TypedDict):
    """The distributed cache of a stack's runners: one S3 bucket with a prefix for each runner."""

    expire_days: NotRequired[int]
    """The number of days after which an object is deleted; 1 or more. Default 30."""
    kms_key: NotRequired[Input[str]]
    """The ARN of a KMS key that encrypts the bucket. Default: encryption with keys of Amazon S3 (SSE-S3)."""
    shared: NotRequired[bool]
    """Whether all runners use one prefix, so that jobs of a project find its cache on every runner. Default
    false."""


@dataclass(frozen=True)
class Cache:
    """A cache, with the defaults filled in."""

    shown = ("expire_days", "kms_key", "shared")

    expire_days: int = 30
    kms_key: Value[str] | None = None
    shared: bool = False

    def prefix_of(self, runner: str) -> str:
        """The prefix of a runner's objects."""
        return "shared" if self.shared else f"runners/{runner}"


def parse_cache(declaration: CacheDeclaration) -> Cache:
    """The cache that a valid declaration describes."""
    return model_of(Cache, declaration)


def cache_problems(declaration: CacheDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a cache."""
    yield from minimum_problems(declaration, {"expire_days": 1}, path)
    yield from check_key(declaration, "kms_key", path, kms_key_problems)


def own_place_problems(keys: Iterable[str], path: str) -> Iterator[Problem]:
    """The problems of a runner's `config.cache` in a stack with a cache, which sets these keys."""
    for key in sorted(set(keys) - {"max_uploaded_archive_size"}):
        yield Problem(
            join_path(path, key),
            "a cache of the runner, in a stack with a 'cache'",
            "one of the two",
            "the runner's role has access only to the runner's prefix in the stack's bucket",
        )
