"""`runner-drift`: the command with which a scheduled pipeline reports drift."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pulumi_gitlab_runner import __version__
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.review.drift import drift_report, drifted
from pulumi_gitlab_runner.review.drift_issue import issue_place_of, report_drift, report_end
from pulumi_gitlab_runner.review.errors import GitLabError, PreviewError
from pulumi_gitlab_runner.review.masking import masked
from pulumi_gitlab_runner.review.options import add_token_variable
from pulumi_gitlab_runner.review.preview import read_preview

NONE, DRIFT, UNKNOWN, NOT_CLOSED = 0, 1, 2, 3

LABEL = "drift"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `runner-drift`.

    Returns:
        0 without drift, 1 with drift, 2 when that is not known or after a usage error, 3 without drift, when
        the issue of an earlier drift could not be closed.
    """
    try:
        options = argument_parser().parse_args(arguments)
    except SystemExit as ended:  # raised by argparse: 0 after --help, 2 after a usage error
        return int(ended.code or 0)
    try:
        found = read_preview(options.refresh.read_text(encoding="utf-8", errors="replace"))
    except (PreviewError, OSError):
        print("runner-drift: the refresh failed; see the output of Pulumi for the reason", file=sys.stderr)
        return UNKNOWN
    errors = [message.text for message in found.messages if message.severity == "error"]
    if errors or options.status not in _REFRESHED:
        print(masked("\n".join(errors), os.environ), file=sys.stderr)
        print("runner-drift: the refresh failed; it is unknown whether there is drift", file=sys.stderr)
        return UNKNOWN
    report = drift_report(found, options.stack)
    print(report, end="")
    has_drifted = bool(drifted(found))
    updated = not options.issue or _issue_updated(options, report, has_drifted)
    if has_drifted:
        return DRIFT
    return NONE if updated else NOT_CLOSED


def _issue_updated(options: argparse.Namespace, report: str, has_drifted: bool) -> bool:
    """Open, update or close the issue, print its URL, and return whether that succeeded."""
    try:
        place = issue_place_of(os.environ, options.token_variable, options.stack, options.label)
        if has_drifted:
            print(f"Issue: {printable(report_drift(place, report))}")
        elif issue := report_end(place):
            print(f"Closed: {printable(issue)}")
    except GitLabError as error:
        print(f"runner-drift: {error}", file=sys.stderr)
        return False
    return True


_REFRESHED = {0, 7}
"""The exit codes of a successful refresh: 0, or 7 if `--expect-no-changes` found changes."""


def argument_parser() -> argparse.ArgumentParser:
    """The options of the command; the documentation's reference lists them."""
    parser = argparse.ArgumentParser(
        prog="runner-drift",
        description="Report the differences between the resources of a stack and its state.",
        epilog="Exit status: 0 no drift, 1 drift, 2 the refresh failed or a usage error, 3 no drift, but the "
        "issue could not be closed.",
    )
    parser.add_argument(
        "refresh",
        type=Path,
        metavar="FILE",
        help="the output of `pulumi refresh --preview-only --expect-no-changes --json`",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--stack", required=True, help="the name of the stack, for the report")
    parser.add_argument(
        "--status", type=int, default=0, help="the exit code of `pulumi refresh` (default: 0)"
    )
    parser.add_argument(
        "--issue",
        action="store_true",
        help="open an issue in the project of the CI job, update it, and close it when the drift is resolved",
    )
    parser.add_argument(
        "--label",
        default=LABEL,
        metavar="NAME",
        help=f"the label that identifies the issue (default: {LABEL})",
    )
    add_token_variable(parser, "write the issue")
    return parser
