"""`runner-drift`: the command that a scheduled pipeline tells drift with."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pulumi_gitlab_runner.review.drift import drift_report, drifted
from pulumi_gitlab_runner.review.errors import PreviewError
from pulumi_gitlab_runner.review.masking import masked
from pulumi_gitlab_runner.review.preview import read_preview

NONE, DRIFT, UNKNOWN = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `runner-drift`.

    Returns:
        0 when nothing drifted, 1 when something did, 2 when it cannot be told.
    """
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as ended:  # argparse's own: 0 after --help, 2 for a wrong use
        return int(ended.code or 0)
    try:
        found = read_preview(options.refresh.read_text(encoding="utf-8", errors="replace"))
    except (PreviewError, OSError):
        print("runner-drift: the refresh failed; what Pulumi printed says why", file=sys.stderr)
        return UNKNOWN
    errors = [message.text for message in found.messages if message.severity == "error"]
    if errors or options.status not in _REFRESHED:
        print(masked("\n".join(errors), os.environ), file=sys.stderr)
        print("runner-drift: the refresh failed; whether something drifted is not known", file=sys.stderr)
        return UNKNOWN
    print(drift_report(found, options.stack), end="")
    return DRIFT if drifted(found) else NONE


_REFRESHED = {0, 7}
"""What Pulumi exits with after a refresh: 0, or 7 where `--expect-no-changes` was not so."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="runner-drift",
        description="Tells what of a stack is not as its last update left it.",
        epilog="Exit status: 0 nothing drifted, 1 something did, 2 it cannot be told, or a usage error.",
    )
    parser.add_argument(
        "refresh",
        type=Path,
        metavar="FILE",
        help="what `pulumi refresh --preview-only --expect-no-changes --json` wrote",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('pulumi-gitlab-runner')}")
    parser.add_argument("--stack", required=True, help="the stack's name, for the text")
    parser.add_argument("--status", type=int, default=0, help="what that command exited with (default: 0)")
    return parser
