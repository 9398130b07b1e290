"""Findings about stored Amazon ECR passwords, which expire."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from pulumi_gitlab_runner.auth.resolution.trace import Credentials, Origin, Resolution, Verdict
from pulumi_gitlab_runner.doctor.finding import Finding, FindingName
from pulumi_gitlab_runner.doctor.findings.registry_answers import withholding_source
from pulumi_gitlab_runner.images.ecr import ECR_HOST, classic_host, is_dual_stack

_RENEWED_VARIABLE = (
    "declare `hosted_auth` in a stack, which keeps an ECR password in DOCKER_AUTH_CONFIG and renews it"
)


def ecr_token_findings(resolution: Resolution, now: datetime, *, hosted: bool = False) -> Iterator[Finding]:
    """An image that is pulled with a stored ECR password, which lasts 12 hours.

    Args:
        resolution: how the runner finds the image's credentials.
        now: the time.
        hosted: whether the runner's host is out of reach.
    """
    source, entry = resolution.source, resolution.entry
    if source is None or entry is None or entry.credentials is None or entry.verdict is not Verdict.USED:
        return
    if entry.origin is not Origin.AUTHS or not ECR_HOST.fullmatch(resolution.path.partition("/")[0]):
        return
    end = expiration(entry.credentials)
    if end is None:
        what = "it has an ECR password, which expires after 12 hours"
    else:
        what = f"its ECR password {'ended' if end <= now else 'ends'} at {end:%Y-%m-%d %H:%M} UTC"
    yield Finding(
        FindingName.ECR_TOKEN,
        f"{source.name}, {entry.key}",
        what,
        "ECR refuses it from then on, and nothing renews it",
        _RENEWED_VARIABLE
        if hosted
        else "declare the registry as `ecr: {}`: the host's service then renews the password",
    )


def ecr_credentials_findings(resolution: Resolution, *, hosted: bool = False) -> Iterator[Finding]:
    """An image of a private ECR registry that would be pulled without credentials, which ECR never allows."""
    host = resolution.path.partition("/")[0]
    registry = ECR_HOST.fullmatch(host)
    if registry is None or resolution.credentials or resolution.failure or withholding_source(resolution):
        return  # their source has a finding of its own
    declare = (
        f'declare the registry, `ecr: {{account: "{registry["account"]}", region: {registry["region"]}}}`, '
        "and name it under the runner's registries"
    )
    if hosted:
        declare = _RENEWED_VARIABLE
    fix = declare
    if is_dual_stack(host):
        # AWS takes an ECR password under both names; the runner looks for it under the name of the image.
        fix = (
            f"write the image with the registry's classic name, {classic_host(host)}, which credentials are "
            f"kept for; where the runner has none for that either, {declare}"
        )
    yield Finding(
        FindingName.NO_CREDENTIALS,
        resolution.image,
        f"no source has credentials for {host}, and ECR gives no image without",
        "the job cannot pull the image",
        fix,
    )


def expiration(credentials: Credentials) -> datetime | None:
    """When an ECR password expires, from its payload; None if that is unknown."""
    password = credentials.password.get_secret_value()
    try:
        payload = json.loads(base64.b64decode(password, validate=True))
        return datetime.fromtimestamp(int(payload["expiration"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None
