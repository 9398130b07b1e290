"""Existing secrets in Secrets Manager or Parameter Store."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.spec.aws_environment import KEY_ARN
from pulumi_gitlab_runner.spec.inputs import Value, check_key, is_empty
from pulumi_gitlab_runner.spec.problems import Problem
from pulumi_gitlab_runner.spec.regions import arn_region_problems

_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]+")
_PARAMETER_ARN = re.compile(r"arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[a-zA-Z0-9/_.-]+")
_SECRET_FORM = "the ARN of a Secrets Manager secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"  # noqa: S105
_PARAMETER_FORM = "the ARN of a parameter: arn:aws:ssm:REGION:ACCOUNT:parameter/NAME"


@dataclass(frozen=True)
class StoredSecret:
    """The store of a secret: `secret` or `parameter`; neither if the declaration contains the secret.

    Attributes:
        secret: the ARN of the Secrets Manager secret.
        parameter: the ARN of the Parameter Store parameter.
        key: the ARN of the customer managed KMS key that encrypts it; None for an AWS managed key.
    """

    secret: Value[str] | None = None
    parameter: Value[str] | None = None
    key: Value[str] | None = None


def stored_problems(declaration: Mapping[str, Any], path: str, itself: Sequence[str]) -> Iterator[Problem]:
    """The problems of a secret that is declared by its value or by the ARN of its store.

    Args:
        declaration: the declaration of the secret.
        path: its path in the declaration.
        itself: the keys for the secret's value.
    """
    given = {key for key, value in declaration.items() if not is_empty(value)}
    if given not in (set(itself), {"secret"}, {"parameter"}, {"secret", "key"}, {"parameter", "key"}):
        yield Problem(
            path,
            ", ".join(sorted(given)) or "neither",
            f"{' and '.join(map(repr, itself))}, or 'secret', or 'parameter', none of them empty",
            "use 'key' together with 'secret' or 'parameter'" if "key" in given else "",
        )
    for key, form, allowed in (
        ("secret", _SECRET_ARN, _SECRET_FORM),
        ("parameter", _PARAMETER_ARN, _PARAMETER_FORM),
        ("key", KEY_ARN, "the ARN of a KMS key"),
    ):
        yield from check_key(declaration, key, path, _arn_problems, form, allowed)


def _arn_problems(arn: str, path: str, form: re.Pattern[str], allowed: str) -> Iterator[Problem]:
    if form.fullmatch(arn):
        yield from arn_region_problems(arn, path)
    elif arn:
        yield Problem(path, "text", allowed)
