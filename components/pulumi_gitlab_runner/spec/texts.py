"""Free texts of a declaration."""

from collections.abc import Iterator

from pulumi_gitlab_runner.spec.problems import Problem


def control_character_problems(text: str, path: str, *, lines: bool = False) -> Iterator[Problem]:
    """What is wrong with a text that people read: a control character in it.

    Args:
        text: the text.
        path: its place in the declaration.
        lines: whether it may have several lines.
    """
    if lines:
        text = text.replace("\n", "")
    found = next((each for each in text if each < " " or "\x7f" <= each <= "\x9f"), None)
    if found:
        yield Problem(path, f"the control character {found!r}", "text without control characters")
