"""What a runner lets its jobs do."""

import re
from collections.abc import Iterator

from .credentials import CONTAINER, PARAMETER, S3_OBJECTS
from .rule import Inputs, Rule, texts

PRIVILEGED = re.compile(r"^\s*privileged\s*=\s*true\b|\\nprivileged\s*=\s*true\b", re.MULTILINE)
"""In a config.toml, by itself or as the text of a JSON value."""


def privileged(_kind: str, inputs: Inputs) -> Iterator[str]:
    """Source: docs.gitlab.com/runner/security (privileged mode)."""
    if any(PRIVILEGED.search(text) for text in texts(inputs)):
        yield (
            "It holds a config.toml with privileged = true: every job is root on the host, with its role's "
            "credentials. Build images without it (BuildKit rootless, Buildah), or keep such runners apart."
        )


NO_PRIVILEGED_RUNNER = Rule(
    "no-privileged-runner",
    "No runner starts privileged containers.",
    (*S3_OBJECTS, PARAMETER, CONTAINER),
    privileged,
    only_warns=True,
)
