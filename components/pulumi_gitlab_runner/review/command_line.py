"""`runner-review`: the command with which a pipeline turns a preview into a note."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pulumi_gitlab_runner import __version__
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.review.code_quality import code_quality, stack_file
from pulumi_gitlab_runner.review.errors import GitLabError, NoTokenError, PreviewError
from pulumi_gitlab_runner.review.masking import masked
from pulumi_gitlab_runner.review.merge_request import Behind, behind, is_of_a_fork, merge_request_of, put_note
from pulumi_gitlab_runner.review.note import marker, note
from pulumi_gitlab_runner.review.options import add_token_variable
from pulumi_gitlab_runner.review.outdated import deployment_of, outdate_notes
from pulumi_gitlab_runner.review.preview import Message, Preview, read_preview
from pulumi_gitlab_runner.review.terraform_report import terraform_report

WELL, FAILED, USAGE, NOT_HERE = 0, 1, 2, 3

_OF_A_FORK = """\
This is the pipeline of a fork. It has no credentials of the project, so no preview is possible.
A project member can push the branch to the project after reviewing the change: \
a pipeline of the fork that runs in the project cannot assume its AWS roles."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `runner-review`.

    Returns:
        0 when the note is written, 1 when the preview failed or GitLab did not accept the note, 2 after a
        usage error, 3 when credentials are missing that a fork's pipeline, or one without a token, lacks.
    """
    try:
        options = argument_parser().parse_args(arguments)
    except SystemExit as ended:  # raised by argparse: 0 after --help, 2 after a usage error
        return int(ended.code or 0)
    try:
        if options.marker:
            print(marker(options.stack))
            return WELL
        if options.outdate:
            _outdate(options)
            return WELL
        preview = _preview(options)
        if options.terraform_report and options.status == 0:
            options.terraform_report.write_text(terraform_report(preview) + "\n")
        if options.code_quality and options.status == 0:
            options.code_quality.write_text(_code_quality(preview, options) + "\n", encoding="utf-8")
        text = note(preview, options.stack, behind=_behind(options))
        if options.note:
            options.note.write_text(text, encoding="utf-8")
        else:
            sys.stdout.buffer.write(text.encode())
        judged = _judged(preview, options)
        return _posted(text, options) or judged
    except (PreviewError, GitLabError) as error:
        print(f"runner-review: {error}", file=sys.stderr)
        return USAGE if isinstance(error, PreviewError) else FAILED
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        print(f"runner-review: {error.filename or 'the output'}: {reason}", file=sys.stderr)
        return USAGE


def _preview(options: argparse.Namespace) -> Preview:
    """The preview, with secrets masked in its messages; if it failed, the part that Pulumi printed."""
    try:
        text = sys.stdin.buffer.read() if str(options.preview) == "-" else options.preview.read_bytes()
        preview = read_preview(text.decode(errors="replace"))
    except PreviewError:
        if options.status == 0:
            raise
        preview = Preview(())
    messages = list(preview.messages)
    if options.status and not any(message.severity == "error" for message in messages):
        problem = options.problem.read_text(errors="replace").strip() if options.problem else ""
        messages.append(Message("error", problem or f"pulumi exited with {options.status}"))
    if options.status and is_of_a_fork(os.environ):
        messages.insert(0, Message("error", _OF_A_FORK))
    return replace(
        preview,
        messages=tuple(replace(message, text=masked(message.text, os.environ)) for message in messages),
    )


def _outdate(options: argparse.Namespace) -> None:
    """Mark the notes of open merge requests. A failure is reported, and does not fail the deployment."""
    try:
        deployment = deployment_of(os.environ, options.token_variable)
        done = outdate_notes(deployment, marker(options.stack))
    except GitLabError as error:
        print(
            f"runner-review: the notes of open merge requests are not marked as outdated: {error}",
            file=sys.stderr,
        )
    else:
        print(f"Previews marked as outdated: {', '.join(done) or 'none'}")


def _behind(options: argparse.Namespace) -> Behind | None:
    """The commits of the target branch that the branch lacks; None if GitLab cannot be reached."""
    if not options.post:
        return None
    try:
        return behind(merge_request_of(os.environ, options.token_variable))
    except GitLabError:
        return None


def _code_quality(preview: Preview, options: argparse.Namespace) -> str:
    """The Code Quality report; all dangers are on the first line if the stack file does not exist."""
    file: Path = options.stack_file or stack_file(os.environ.get("PULUMI_STACK") or options.stack)
    text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    project = Path(os.environ.get("CI_PROJECT_DIR") or ".").absolute()
    path = file.absolute()
    shown = path.relative_to(project) if path.is_relative_to(project) else file
    return code_quality(preview, text, shown.as_posix())


def _posted(text: str, options: argparse.Namespace) -> int:
    """Post the note to the merge request with `--post`, and return the exit code."""
    if not options.post:
        return WELL
    try:
        put_note(merge_request_of(os.environ, options.token_variable), text)
    except NoTokenError as error:
        print(f"runner-review: {error}", file=sys.stderr)
        # A failed preview takes precedence, except in a fork, where both have the same cause.
        return NOT_HERE if options.status == 0 or is_of_a_fork(os.environ) else WELL
    return WELL


def _judged(preview: Preview, options: argparse.Namespace) -> int:
    """Print the errors of a failed preview, and return the exit code for the preview."""
    if options.status == 0:
        return WELL
    for message in preview.messages:
        if message.severity == "error":
            print(f"runner-review: {printable(message.text)}", file=sys.stderr)
    return NOT_HERE if is_of_a_fork(os.environ) else FAILED


def argument_parser() -> argparse.ArgumentParser:
    """The options of the command; the documentation's reference lists them."""
    parser = argparse.ArgumentParser(
        prog="runner-review",
        description="Write a merge-request note from the preview of a stack, with dangerous changes first.",
        epilog="Exit status: 0 the note is written, 1 the preview failed or GitLab did not accept the note, "
        "2 a usage error, 3 credentials are missing, as in the pipeline of a fork.",
    )
    parser.add_argument(
        "preview",
        type=Path,
        nargs="?",
        default=Path("-"),
        metavar="FILE",
        help="the output of `pulumi preview --json --show-sames` (default: -, the standard input)",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--stack", required=True, help="the stack's name, which identifies the note")
    parser.add_argument(
        "--note", type=Path, metavar="FILE", help="the file for the note (default: standard output)"
    )
    parser.add_argument(
        "--terraform-report",
        type=Path,
        metavar="FILE",
        help="the file for GitLab's Terraform report, with the number of changes",
    )
    parser.add_argument(
        "--code-quality",
        type=Path,
        metavar="FILE",
        help="the file for a Code Quality report with the dangerous changes",
    )
    parser.add_argument(
        "--stack-file",
        type=Path,
        metavar="FILE",
        help="the stack file, for the lines in the Code Quality report (default: found through Pulumi.yaml)",
    )
    parser.add_argument(
        "--status", type=int, default=0, help="the exit code of `pulumi preview` (default: 0)"
    )
    parser.add_argument(
        "--problem",
        type=Path,
        metavar="FILE",
        help="the standard error of `pulumi preview`, for a preview that failed",
    )
    parser.add_argument(
        "--post", action="store_true", help="post the note to the merge request of the CI job"
    )
    add_token_variable(parser, "write the note")
    parser.add_argument(
        "--outdate",
        action="store_true",
        help="mark the notes of the stack on open merge requests as outdated, after a deployment",
    )
    parser.add_argument(
        "--marker", action="store_true", help="print only the hidden line that identifies the note"
    )
    return parser
