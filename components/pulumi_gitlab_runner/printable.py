"""Untrusted text, escaped for a terminal."""

import json


def printable(text: str) -> str:
    """A text with a replacement character for each control character except newlines."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)


def printable_json(text: str) -> str:
    """A JSON text with its control characters escaped, except newlines; its value stays the same."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)


def escaped(text: str, *, lines: bool = False) -> str:
    """A text with a Python escape for each character that is not printable.

    Args:
        text: the text.
        lines: whether newlines stay.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or (lines and each == "\n") else repr(each)[1:-1] for each in text
    )


def _escaped(character: str) -> str:
    # json.dumps escapes all other characters that are not printable.
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]
