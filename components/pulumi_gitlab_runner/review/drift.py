"""The differences from the stack's state that `pulumi refresh --preview-only --json` found."""

from pulumi_gitlab_runner.review.markup import one_line
from pulumi_gitlab_runner.review.preview import Preview, Step

_WHAT_NOW = """\
CloudTrail and GitLab's audit events show who changed them.
`pulumi up --refresh` restores what is declared; or change the declaration to match the resources.
"""


def drifted(preview: Preview) -> tuple[Step, ...]:
    """The steps of the resources that differ from the state."""
    return preview.changes


def drift_report(preview: Preview, stack: str) -> str:
    """The drift as text: names of resources and properties, never a value."""
    steps = drifted(preview)
    if not steps:
        return f"No drift: {one_line(stack)} matches its state.\n"
    lines = [f"Drift in {one_line(stack)}: resources differ from its state."]
    for step in steps:
        changed = ", ".join(map(one_line, step.changed)) or "changed"
        what = "gone" if step.operation == "delete" else changed
        lines.append(f"  {one_line(step.type)} {one_line(step.name)}: {what}")
    return "\n".join([*lines, _WHAT_NOW])
