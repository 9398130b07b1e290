"""Repositories of a registry."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.declaration import RepositoriesDeclaration
from pulumi_gitlab_runner.spec.shape import checked

KEEP_IMAGES = 100
UNTAGGED_DAYS = 7

ACCOUNT = re.compile(r"[0-9]{12}")
REPOSITORY = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")


@dataclass(frozen=True)
class Repository:
    """One repository, with the defaults filled in."""

    name: str
    keep_images: int = KEEP_IMAGES
    untagged_days: int = UNTAGGED_DAYS
    delete_images: bool = False


def build_repositories(declaration: Any, path: str) -> dict[str, Repository]:
    """The repositories that a declaration describes.

    Raises:
        DeclarationError: with every problem of the declaration.
    """
    known = {key: declaration[key] for key in ("repositories", "allow_pull") if key in declaration}
    return repositories_of(checked(known, RepositoriesDeclaration, path, repositories_problems))


def repositories_of(declaration: RepositoriesDeclaration) -> dict[str, Repository]:
    """The repositories that a declaration without problems describes."""
    declared = declaration.get("repositories", {})
    return {name: Repository(name, **settings) for name, settings in declared.items()}


def repositories_problems(declaration: RepositoriesDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with repositories and the accounts that may pull from them."""
    for name, repository in declaration.get("repositories", {}).items():
        at = join_path(path, "repositories", name)
        if not REPOSITORY.fullmatch(name) or not 2 <= len(name) <= 256:
            yield Problem(
                at, repr(name), "2 to 256 of a-z, 0-9, '.', '_', '-' and '/', as ECR names repositories"
            )
        for key, number in (
            ("keep_images", repository.get("keep_images", 1)),
            ("untagged_days", repository.get("untagged_days", 1)),
        ):
            if number < 1:
                yield Problem(join_path(at, key), str(number), "1 or more")
    for index, account in enumerate(declaration.get("allow_pull", ())):
        if not ACCOUNT.fullmatch(account):
            yield Problem(join_path(path, "allow_pull", index), repr(account), "an AWS account, 12 digits")
