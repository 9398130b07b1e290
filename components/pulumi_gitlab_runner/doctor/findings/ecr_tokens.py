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
    """An image that is pulled with a stored ECR password, which expires after 12 hours."""
    source, entry = resolution.source, resolution.entry
    if source is None or entry is None or entry.credentials is None or entry.verdict is not Verdict.USED:
        return
    if entry.origin is not Origin.AUTHS or not ECR_HOST.fullmatch(resolution.path.partition("/")[0]):
        return
    end = expiration(entry.credentials)
    if end is None:
        what = "it has an ECR password, which expires after 12 hours"
    else:
        what = f"its ECR password {'expired' if end <= now else 'expires'} at {end:%Y-%m-%d %H:%M} UTC"
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
        return  # the source has another finding
    declare = (
        f'declare the registry, `ecr: {{account: "{registry["account"]}", region: {registry["region"]}}}`, '
        "and name it under the runner's registries"
    )
    if hosted:
        declare = _RENEWED_VARIABLE
    fix = declare
    if is_dual_stack(host):
        # A password is valid for both hosts; the runner looks for credentials of the image's host.
        fix = (
            f"write the image with the registry's classic host, {classic_host(host)}, for which the runner's "
            f"credentials are; if it has none for that host either, {declare}"
        )
    yield Finding(
        FindingName.NO_CREDENTIALS,
        resolution.image,
        f"no source has credentials for {host}, and ECR requires credentials for every image",
        "the job cannot pull the image",
        fix,
    )


def expiration(credentials: Credentials) -> datetime | None:
    """The expiration time of an ECR password, from its payload; None if that is unknown."""
    password = credentials.password.get_secret_value()
    try:
        payload = json.loads(base64.b64decode(password, validate=True))
        return datetime.fromtimestamp(int(payload["expiration"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None
