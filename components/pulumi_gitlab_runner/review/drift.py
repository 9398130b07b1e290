"""The differences from the stack's state that `pulumi refresh --preview-only --json` found."""

from collections.abc import Iterator

from pulumi_gitlab_runner.review.markup import one_line
from pulumi_gitlab_runner.review.preview import Preview, Step

_UNTOUCHED = {"refresh", "same"}


def drifted(preview: Preview) -> tuple[Step, ...]:
    """The steps of the resources that differ from the state."""
    return tuple(step for step in preview.steps if step.operation not in _UNTOUCHED)


def drift_report(preview: Preview, stack: str) -> str:
    """The drift as text: names of resources and properties, never a value."""
    return "\n".join(_lines(drifted(preview), one_line(stack))) + "\n"


def _lines(steps: tuple[Step, ...], stack: str) -> Iterator[str]:
    if not steps:
        yield f"No drift: {stack} matches its state."
        return
    yield f"Drift in {stack}: resources differ from its state."
    for step in steps:
        gone = step.operation == "delete"
        changed = ", ".join(map(one_line, step.changed)) or "changed"
        yield f"  {one_line(step.type)} {one_line(step.name)}: {'gone' if gone else changed}"
    yield "CloudTrail and GitLab's audit events show who changed them."
    yield "`pulumi up --refresh` restores what is declared; or change the declaration to match the resources."
