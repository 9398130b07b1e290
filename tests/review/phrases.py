"""The dangers of a preview, as texts."""

from typing import Any

from pulumi_gitlab_runner.review.dangers import DangerKind, dangers

from tests.review.previews import preview


def told(*steps: dict[str, Any]) -> list[tuple[DangerKind, str]]:
    """The dangers of these steps, each as one text."""
    return [
        (danger.kind, " ".join(" ".join((words, *names)) for words, names in danger.phrases))
        for danger in dangers(preview(*steps))
    ]
