"""The differences from the stack's state that `pulumi refresh --preview-only --json` found."""

from pulumi_gitlab_runner.review.markup import one_line
from pulumi_gitlab_runner.review.preview import Preview, Step

_WHAT_NOW = """\
To see who changed them, use CloudTrail and GitLab's audit events.
To restore the declared state, run `pulumi up --refresh`. To keep the changes, update the declaration.
"""


def drifted(preview: Preview) -> tuple[Step, ...]:
    """The steps of the resources that differ from the state."""
    return preview.changes


def drift_report(preview: Preview, stack: str) -> str:
    """The drift as text: names of resources and properties, never a value."""
    steps = drifted(preview)
    if not steps:
        return f"No drift: the resources of {one_line(stack)} match its state.\n"
    lines = [f"Drift in {one_line(stack)}: these resources differ from its state."]
    for step in steps:
        changed = ", ".join(map(one_line, step.changed)) or "changed"
        what = "deleted outside Pulumi" if step.operation == "delete" else changed
        lines.append(f"  {one_line(step.type)} {one_line(step.name)}: {what}")
    return "\n".join([*lines, _WHAT_NOW])
