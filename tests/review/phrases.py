"""The dangers of a preview, as text."""

from typing import Any

from pulumi_gitlab_runner.review.dangers import DangerKind, dangers

from tests.review.previews import preview


def dangers_of(*steps: dict[str, Any]) -> list[tuple[DangerKind, str]]:
    """The dangers of these steps, each as its kind and its text."""
    return [
        (danger.kind, " ".join(" ".join((text, *names)) for text, names in danger.phrases))
        for danger in dangers(preview(*steps))
    ]
