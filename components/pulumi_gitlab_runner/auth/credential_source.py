"""Where a runner host gets the credentials of a registry."""

from dataclasses import dataclass

ECR_HELPER = "/usr/bin/docker-credential-ecr-login"
"""Where Amazon Linux's package amazon-ecr-credential-helper puts it; off the runner's own PATH."""


@dataclass(frozen=True)
class CredentialSource:
    """Where a runner host gets the credentials of a registry.

    Attributes:
        kind: ``helper``, ``parameter`` (Parameter Store), ``secret`` (Secrets Manager) or ``file``.
        place: the absolute path of the helper or the file; or the region and the name or ARN of what to read.
    """

    kind: str
    place: tuple[str, ...]
