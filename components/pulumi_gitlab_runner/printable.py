"""Texts from elsewhere, made safe to show on a terminal."""


def printable(text: str) -> str:
    """A text without what would steer the terminal; its lines stay."""
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)
