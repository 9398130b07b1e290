"""The names of AWS regions: their form, since AWS adds regions."""

import re
from collections.abc import Iterator

from pulumi_gitlab_runner.images.ecr import ECR_HOST
from pulumi_gitlab_runner.spec.problems import Problem

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[1-9][0-9]?")
"""A partition or continent, one or more words and a number:
docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html."""
_WITHOUT_NUMBER = re.compile(r"[a-z]{2,4}(-[a-z]+)+")


def region_of(arn: str) -> str:
    """The region in an ARN, `arn:PARTITION:SERVICE:REGION:ACCOUNT:…`."""
    return arn.split(":")[3]


def region_problems(region: str, path: str, of: str = "") -> Iterator[Problem]:
    """The problems of the name of an AWS region.

    Args:
        region: the name.
        path: its path in the declaration.
        of: what has the region, if that is not the value itself, such as ``of the ARN``.
    """
    if not _REGION.fullmatch(region):
        found = f"the region {region!r} {of}" if of else repr(region)
        yield Problem(path, found, "an AWS region, such as eu-west-1", _fix(region))


def arn_region_problems(arn: str, path: str) -> Iterator[Problem]:
    """The problems of the region in an ARN whose form is valid otherwise."""
    return region_problems(region_of(arn), path, "of the ARN")


def arn_problems(
    arn: str, path: str, form: re.Pattern[str], allowed: str, fix: str = ""
) -> Iterator[Problem]:
    """The problem of an ARN that does not have a form, or whose region does not."""
    if form.fullmatch(arn):
        yield from arn_region_problems(arn, path)
    else:
        yield Problem(path, repr(arn), allowed, fix)


def host_region_problems(host: str, path: str) -> Iterator[Problem]:
    """The problems of the region in a host of ECR; none for another host."""
    if found := ECR_HOST.fullmatch(host):
        yield from region_problems(found["region"], path, f"of {host}")


def _fix(region: str) -> str:
    """The likely region; empty if there is none."""
    near = re.sub(r"[\s_./-]+", "-", region.strip().lower())
    near = re.sub(r"(?<=[a-z])(?=[0-9])", "-", near)
    near = re.sub(r"(?<=[0-9])[a-z]\Z", "", near)  # an Availability Zone
    if _REGION.fullmatch(near):
        return f"did you mean {near!r}?"
    return f"add the number, such as {near}-1" if _WITHOUT_NUMBER.fullmatch(near) else ""
