"""The scanning of a registry's images for known vulnerabilities.

Limits: docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.spec.ecr_settings.declaration import ScanningDeclaration
from pulumi_gitlab_runner.spec.problems import Problem, join_path

_FILTER = re.compile(r"[a-z0-9*](?:[._/-]?[a-z0-9*]+)*")
_MOST_FILTERS, _LONGEST_FILTER = 100, 255


@dataclass(frozen=True)
class Scanning:
    """The scanning of images, with the defaults filled in."""

    shown = ("enhanced", "on_push", "continuous")

    enhanced: bool = False
    on_push: tuple[str, ...] = ("*",)
    continuous: tuple[str, ...] = ()


def scanning_problems(scanning: ScanningDeclaration, path: str) -> Iterator[Problem]:
    """The problems of the settings of scanning."""
    if scanning.get("continuous") and not scanning.get("enhanced"):
        yield Problem(
            join_path(path, "continuous"),
            "continuous scanning",
            "'continuous' together with enhanced: true",
            "basic scanning by ECR scans an image once, when it is pushed",
        )
    for key in ("on_push", "continuous"):
        filters: list[str] = scanning.get(key, [])  # type: ignore[assignment]
        if len(filters) > _MOST_FILTERS:
            yield Problem(join_path(path, key), f"{len(filters)} filters", f"{_MOST_FILTERS} at most")
        for index, each in enumerate(filters):
            if not _FILTER.fullmatch(each) or len(each) > _LONGEST_FILTER:
                yield Problem(
                    join_path(path, key, index),
                    repr(each),
                    f"1 to {_LONGEST_FILTER} of a-z, 0-9, '.', '_', '-', '/' and '*', as in team/*",
                )
