"""Escaping of untrusted names for Markdown and Mermaid."""

import re

from pulumi_gitlab_runner.printable import printable

NAME_SIZE = 200
"""The maximum length of a name, in characters."""


def one_line(text: str, size: int = NAME_SIZE) -> str:
    """A text on one line, without control characters, cut to a size in characters."""
    shown = printable(" ".join(text[: size + 1].splitlines()))
    return shown if len(text) <= size else f"{shown[: size - 1]}…"


def code(text: str) -> str:
    """A text as inline code of Markdown, in which no character has a meaning, not even GitLab's references.

    Source: spec.commonmark.org, code spans: they start and end with the same number of backticks.
    """
    shown = one_line(text) or " "
    ticks = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{ticks} {shown} {ticks}" if shown[0] == "`" or shown[-1] == "`" else f"{ticks}{shown}{ticks}"


def plain(text: str, form: str) -> str:
    """A text with an expected form as it is, and any other as inline code of Markdown.

    Args:
        text: the text.
        form: a regular expression, which matches no text with a meaning in Markdown.
    """
    return text if re.fullmatch(form, text) else code(text)


def label(text: str, size: int = 60) -> str:
    """A text for the quotes of a Mermaid label, which is Markdown since Mermaid 11.

    Source: mermaid.js.org/syntax/flowchart.html, entity codes.
    """
    return re.sub(r"[^A-Za-z0-9 ./:-]|^-", lambda found: f"#{ord(found[0])};", one_line(text, size) or "?")
