"""A finding: a problem that `runner-doctor` reports, such as one that prevents a pull, now or later."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class FindingName(StrEnum):
    """The kinds of findings. The names are stable between versions: programs may match them."""

    # Credentials and their sources.
    CREDENTIALS_EMPTY = "credentials-empty"
    CREDENTIALS_SHADOWED = "credentials-shadowed"
    CREDENTIAL_MISSING = "credential-missing"
    CREDENTIAL_RENEWAL = "credential-renewal"
    CREDENTIAL_SERVICE = "credential-service"
    CREDENTIALS_STORE = "credentials-store"
    DOCKER_CONFIG = "docker-config"
    DOCKER_CONFIG_UNREAD = "docker-config-unread"
    DOCKER_CONFIG_UNREADABLE = "docker-config-unreadable"
    ECR_TOKEN = "ecr-token"  # noqa: S105 - a name
    ENCODED_TWICE = "encoded-twice"
    HOME = "home"
    PORT = "port"
    REGISTRY_SHADOWED = "registry-shadowed"
    REGISTRY_KEY = "registry-key"
    VARIABLE_HIDDEN = "variable-hidden"
    VARIABLE_PROTECTED = "variable-protected"
    WHITE_SPACE = "white-space"

    # Credential helpers.
    HELPER_FAILS = "helper-fails"
    HELPER_HANGS = "helper-hangs"
    HELPER_MISSING = "helper-missing"
    HELPER_NAME = "helper-name"
    HELPER_OFF_PATH = "helper-off-path"
    HELPER_SILENT = "helper-silent"
    HOSTED_HELPER = "hosted-helper"

    # Answers of registries.
    ACCESS_FORBIDDEN = "access-forbidden"
    CERTIFICATE = "certificate"
    CREDENTIALS_REFUSED = "credentials-refused"
    IMAGE_MISSING = "image-missing"
    NO_CREDENTIALS = "no-credentials"
    NO_REGISTRY = "no-registry"
    REGISTRY_FAILS = "registry-fails"
    REGISTRY_UNREACHABLE = "registry-unreachable"
    REPOSITORY_NOT_DECLARED = "repository-not-declared"
    TOO_MANY_REQUESTS = "too-many-requests"

    # Images and pull policies.
    CANNOT_BE_PINNED = "cannot-be-pinned"
    IMAGE_NAME = "image-name"
    IMAGE_REFUSED = "image-refused"
    NOT_PINNED = "not-pinned"
    NOT_READ = "not-read"
    PLATFORM = "platform"
    PULL_POLICY = "pull-policy"
    PULL_POLICY_REFUSED = "pull-policy-refused"
    SERVICE_PRIVILEGED = "service-privileged"
    SERVICE_UNPRIVILEGED = "service-unprivileged"
    SHORTHAND = "shorthand"
    TAG_MOVED = "tag-moved"
    VARIABLE_UNKNOWN = "variable-unknown"

    # Jobs.
    JOB_STUCK = "job-stuck"

    # Runner hosts.
    ADDRESS_POOLS = "address-pools"
    AWS_IDENTITY = "aws-identity"
    CONFIG = "config"
    CONFIG_UNREADABLE = "config-unreadable"
    DOCKER_UNREACHABLE = "docker-unreachable"
    FILE_MODE = "file-mode"

    # Runners in GitLab.
    RUNNER_NEVER_CONTACTED = "runner-never-contacted"
    RUNNER_OFFLINE = "runner-offline"
    RUNNER_UNKNOWN = "runner-unknown"

    # Resources of a stack.
    LEFTOVER = "leftover"


@dataclass(frozen=True)
class Finding:
    """One problem. No part of it ever contains a secret.

    Attributes:
        name: the kind of finding.
        where: the location: a file, a variable, an image.
        what: what was found there.
        why: the consequence.
        fix: how to fix it.
    """

    name: FindingName
    where: str
    what: str
    why: str
    fix: str


_MOST_SHOWN = 3
"""The maximum number of jobs in a message."""


def shown_jobs(jobs: Sequence[str]) -> str:
    """The first jobs by name, and the number of the others."""
    distinct = list(dict.fromkeys(jobs))
    others = len(distinct) - _MOST_SHOWN
    return ", ".join(distinct[:_MOST_SHOWN]) + (f" and {others} more" if others > 0 else "")
