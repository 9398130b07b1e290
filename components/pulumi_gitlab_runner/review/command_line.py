"""`runner-review`: the command that a pipeline turns a preview into a note with."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pulumi_gitlab_runner.review.errors import PreviewError
from pulumi_gitlab_runner.review.note import marker, note
from pulumi_gitlab_runner.review.preview import read_preview
from pulumi_gitlab_runner.review.terraform_report import terraform_report

WELL, USAGE = 0, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `runner-review`.

    Returns:
        0 when the note is written, 2 when it was asked in a way it cannot answer.
    """
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as ended:  # argparse's own: 0 after --help, 2 for a wrong use
        return int(ended.code or 0)
    try:
        if options.marker:
            print(marker(options.stack))
            return WELL
        text = sys.stdin.buffer.read() if str(options.preview) == "-" else options.preview.read_bytes()
        preview = read_preview(text.decode(errors="replace"))
        if options.terraform_report:
            options.terraform_report.write_text(terraform_report(preview) + "\n")
        told = note(preview, options.stack)
        if options.note:
            options.note.write_text(told, encoding="utf-8")
        else:
            sys.stdout.buffer.write(told.encode())
    except PreviewError as error:
        print(f"runner-review: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        print(f"runner-review: {error.filename or 'the output'}: {reason}", file=sys.stderr)
        return USAGE
    return WELL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="runner-review",
        description="Turns a preview of a stack into a note for a merge request: what is dangerous first.",
        epilog="Exit status: 0 the note is written, 2 a usage error.",
    )
    parser.add_argument(
        "preview",
        type=Path,
        nargs="?",
        default=Path("-"),
        metavar="FILE",
        help="what `pulumi preview --json --show-sames` wrote (default: -, the standard input)",
    )
    parser.add_argument("--stack", required=True, help="the stack's name, which the note is found again by")
    parser.add_argument("--note", type=Path, metavar="FILE", help="where the note goes (default: the output)")
    parser.add_argument(
        "--terraform-report", type=Path, metavar="FILE", help="where the numbers for GitLab's widget go"
    )
    parser.add_argument("--marker", action="store_true", help="show the note's hidden line, and nothing else")
    return parser
