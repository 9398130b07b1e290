"""Free texts of a declaration."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pulumi_gitlab_runner.spec.inputs import check
from pulumi_gitlab_runner.spec.problems import Problem, join_path

_LINE_END = "is it the end of a line? `printf %s` writes none, and `pulumi config set` takes it as it is"


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


def login_problems(declaration: Mapping[str, Any], keys: tuple[str, str], path: str) -> Iterator[Problem]:
    """The problems of a user and password for a registry; neither is shown.

    Both are joined by a colon, and taken apart at the first one, by HTTP (RFC 7617, section 2, which also
    forbids control characters) and in Docker's configuration (docker/cli: config/configfile/file.go).

    Args:
        declaration: what holds them.
        keys: those of the user and of the password; one that is not there has no problem.
        path: the place of the declaration.
    """

    def problems(text: str, at: str, *, user: bool) -> Iterator[Problem]:
        if user and ":" in text:
            yield Problem(at, "a colon in the user's name", "a name without one: it ends there")
        for problem in control_character_problems(text, at):
            yield replace(problem, fix=_LINE_END if text.endswith("\n") else "")

    for key in keys:
        if key in declaration:
            rule = partial(problems, at=join_path(path, key), user=key == keys[0])
            yield from check(declaration[key], rule)


def control_character_problems(text: str, path: str, *, lines: bool = False) -> Iterator[Problem]:
    """The problems of a text that people read: control characters.

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
