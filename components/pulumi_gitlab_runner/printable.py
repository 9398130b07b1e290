"""Untrusted text, made safe to show on a terminal."""

import json


def printable(text: str) -> str:
    """A text without what would steer the terminal; its lines stay."""
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)


def printable_json(text: str) -> str:
    """A JSON text in which what would steer the terminal is escaped; its lines and its meaning stay."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in text)


def escaped(text: str, *, lines: bool = False) -> str:
    """A text with an escape, as Python writes it, for each character that is unseen or steers the terminal.

    Args:
        text: the text.
        lines: whether its lines stay.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or (lines and each == "\n") else repr(each)[1:-1] for each in text
    )


def _escaped(character: str) -> str:
    # JSON itself escapes neither DEL nor, where it keeps Unicode, the second set of control characters.
    return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else json.dumps(character)[1:-1]
