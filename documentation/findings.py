"""The page `docs/findings.md`, generated from the explanations of the doctor's findings."""

from pulumi_gitlab_runner.doctor.explanations import EXPLANATIONS


def findings_page() -> str:
    """The text of the page."""
    heading = (
        "# Findings of runner-doctor\n\n"
        "This page explains each finding of `runner-doctor`, with its fix. To show an explanation in a "
        "terminal, run `runner-doctor --explain FINDING`. The names do not change between versions.\n"
    )
    sections = (
        f"\n## {name}\n\n{explained.what}\n\nTo fix it: {explained.fix}\n\nSee <{explained.page}>.\n"
        for name, explained in sorted(EXPLANATIONS.items())
    )
    return heading + "".join(sections)
