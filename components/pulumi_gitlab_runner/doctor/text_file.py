"""Text files, with their line ends unchanged."""

from pathlib import Path

from pulumi_gitlab_runner.doctor.errors import UsageError


def read_text(file: Path) -> str:
    """A file's text.

    Raises:
        UsageError: it cannot be read, or is not text.
    """
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {(error.strerror or 'unreadable').lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not text in UTF-8") from None


def write_text(file: Path, text: str) -> None:
    """Write a file's text.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {(error.strerror or 'read-only').lower()}") from None
