"""Free texts of a declaration."""

from collections.abc import Iterator

from pulumi_gitlab_runner.spec.problems import Problem


def stack_note(mark: str) -> str:
    """The line that says which stack made something in GitLab.

    Args:
        mark: `PROJECT/STACK`.
    """
    return f"Managed by Pulumi: {mark}"


def with_stack_note(text: str, mark: str, longest: int) -> str:
    """A text with that line below it, where there is room for it.

    Args:
        text: what is declared; may be empty.
        mark: `PROJECT/STACK`.
        longest: how many characters GitLab takes.
    """
    marked = f"{text}\n\n{stack_note(mark)}" if text else stack_note(mark)
    return marked if len(marked) <= longest else text


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
