"""The list that `gitlab-runner-credentials` reads: one line for each registry of a runner host."""

from collections.abc import Iterable
from dataclasses import dataclass

ECR_HELPER = "/usr/bin/docker-credential-ecr-login"
"""The path of the helper in Amazon Linux's package amazon-ecr-credential-helper; not on the runner's PATH."""
_HEADING = "# The registries of this runner host, and where the credentials of each come from.\n"


@dataclass(frozen=True)
class CredentialSource:
    """The source of a registry's credentials on a runner host.

    Attributes:
        kind: ``helper``, ``parameter`` (Parameter Store), ``secret`` (Secrets Manager) or ``file``. In the
            review also ``declared``, whose place is a description.
        place: the absolute path of the helper or the file; or the region, and the name or ARN of the
            parameter or secret.
    """

    kind: str
    place: tuple[str, ...]


def registry_list(sources: Iterable[tuple[str, CredentialSource]]) -> str:
    """The text of the list.

    Args:
        sources: the host of each registry, with the source of its credentials.
    """
    lines = sorted(" ".join((host, source.kind, *source.place)) for host, source in sources)
    return _HEADING + "".join(line + "\n" for line in lines)


def read_registry_list(text: str) -> dict[str, CredentialSource]:
    """The sources of the credentials in a list, by the host of the registry.

    Other lines are ignored, as on the host: `host.credentials.questions`.
    """
    lines = map(str.split, text.splitlines())
    return {host: CredentialSource(kind, tuple(place)) for host, kind, *place in filter(_is_entry, lines)}


def _is_entry(words: list[str]) -> bool:
    return len(words) > 2 and not words[0].startswith("#")
