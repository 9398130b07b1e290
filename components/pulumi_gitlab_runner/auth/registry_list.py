"""The list that `gitlab-runner-credentials` reads: one line for each registry of a runner host."""

from collections.abc import Iterable
from dataclasses import dataclass

ECR_HELPER = "/usr/bin/docker-credential-ecr-login"
"""Where Amazon Linux's package amazon-ecr-credential-helper puts it; off the runner's own PATH."""
_HEADING = "# The registries of this runner host, and where the credentials of each come from.\n"


@dataclass(frozen=True)
class CredentialSource:
    """Where a runner host gets the credentials of a registry.

    Attributes:
        kind: ``helper``, ``parameter`` (Parameter Store), ``secret`` (Secrets Manager) or ``file``. In the
            review also ``declared``, whose place says how in words.
        place: the absolute path of the helper or the file; or the region and the name or ARN of what to read.
    """

    kind: str
    place: tuple[str, ...]


def registry_list(sources: Iterable[tuple[str, CredentialSource]]) -> str:
    """The text of the list.

    Args:
        sources: each registry's host with the source of its credentials.
    """
    lines = sorted(" ".join((host, source.kind, *source.place)) for host, source in sources)
    return _HEADING + "".join(line + "\n" for line in lines)


def read_registry_list(text: str) -> dict[str, CredentialSource]:
    """The content of a list: each registry's host with the source of its credentials."""
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {host: CredentialSource(kind, tuple(place)) for host, kind, *place in filter(_is_entry, lines)}


def _is_entry(words: list[str]) -> bool:
    return len(words) > 1
