"""The list that `gitlab-runner-credentials` reads: one line for each registry of a runner host."""

from collections.abc import Iterable

from pulumi_gitlab_runner.auth.credential_source import ECR_HELPER as ECR_HELPER
from pulumi_gitlab_runner.auth.credential_source import CredentialSource as CredentialSource

_HEADING = "# The registries of this runner host, and where the credentials of each come from.\n"


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
