"""Text files, read and written without a change of their line endings."""

import sys
from pathlib import Path

from pulumi_gitlab_runner.doctor.errors import UsageError


def read_text(file: Path) -> str:
    """The text of a file.

    Raises:
        UsageError: the file cannot be read, or is not UTF-8.
    """
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {(error.strerror or 'unreadable').lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not text in UTF-8") from None


def read_input(file: Path) -> str:
    """The text of a file, or of the standard input for ``-``; errors as for `read_text`."""
    return sys.stdin.read() if str(file) == "-" else read_text(file)


def write_text(file: Path, text: str) -> None:
    """Write the text of a file.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {(error.strerror or 'read-only').lower()}") from None
