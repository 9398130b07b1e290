"""Free text in a declaration: descriptions, notes, users and passwords."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pulumi_gitlab_runner.config.forms import Form
from pulumi_gitlab_runner.spec.inputs import check_key
from pulumi_gitlab_runner.spec.problems import Problem

_VARIABLE = re.compile(r"\$(\{[A-Za-z_]\w*\}|[A-Za-z_]\w*)")
_LINE_END = "does the value end with a newline? `printf %s` adds none, and `pulumi config set` keeps one"


def stack_note(mark: str) -> str:
    """The line that marks the stack of a resource in GitLab, with the mark `PROJECT/STACK`."""
    return f"Managed by Pulumi: {mark}"


def with_stack_note(text: str, mark: str, longest: int) -> str:
    """A text with that line below it, if it is not too long.

    Args:
        text: the declared text; may be empty.
        mark: `PROJECT/STACK`.
        longest: the maximum length in GitLab, in characters.
    """
    marked = f"{text}\n\n{stack_note(mark)}" if text else stack_note(mark)
    return marked if len(marked) <= longest else text


def login_problems(declaration: Mapping[str, Any], keys: tuple[str, str], path: str) -> Iterator[Problem]:
    """The problems of a user and password of a registry; the values are not shown.

    HTTP (RFC 7617, section 2, which also forbids control characters) and Docker's configuration (docker/cli:
    config/configfile/file.go) join them by a colon, and split them at the first colon.

    Args:
        declaration: the declaration with the user and password.
        keys: the keys of the user and of the password; a missing key is not a problem.
        path: the path of the declaration.
    """
    for key in keys:
        yield from check_key(declaration, key, path, _login_problems, user=key == keys[0])


def _login_problems(text: str, path: str, *, user: bool) -> Iterator[Problem]:
    if user and ":" in text:
        yield Problem(path, "a colon in the user's name", "a name without a colon: it would end there")
    if not user and _VARIABLE.fullmatch(text):  # the user of nvcr.io is `$oauthtoken`
        yield Problem(
            path,
            "the name of a variable, which nothing replaces by its value",
            "the secret itself",
            "pulumi config set --secret --path writes it, encrypted, into the stack's file",
        )
    for problem in control_character_problems(text, path):
        yield replace(problem, fix=_LINE_END if text.endswith("\n") else "")


def text_problems(text: str, path: str, form: Form) -> Iterator[Problem]:
    """The problem of a text that does not have the form of a text in `config.toml`."""
    if not form.accepts(text):
        yield Problem(path, repr(text), form.allowed)


def control_character_problems(text: str, path: str, *, lines: bool = False) -> Iterator[Problem]:
    """The problems of control characters in a text.

    Args:
        text: the text.
        path: its path in the declaration.
        lines: whether it may contain newlines.
    """
    if lines:
        text = text.replace("\n", "")
    found = next((each for each in text if each < " " or "\x7f" <= each <= "\x9f"), None)
    if found:
        yield Problem(path, f"the control character {found!r}", "text without control characters")
