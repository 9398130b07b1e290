"""`runner-deploy`: the command that deploys the reviewed plan, and nothing else.

It runs `pulumi up --plan`, which Pulumi calls experimental. Pulumi's own message about a difference is not
printed: it contains the values that differ, secrets in plain text (observed with 3.258.0).
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pulumi_gitlab_runner import __version__
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.review.errors import GitLabError, PreviewError
from pulumi_gitlab_runner.review.options import add_token_variable
from pulumi_gitlab_runner.review.plan import Plan, differences, read_plan, resource
from pulumi_gitlab_runner.review.reviewed_plan import ReviewedPlan, fetch_plan, merged_of

DEPLOYED, REFUSED, USAGE = 0, 1, 2

PLAN = "plan.json"

_UP = ("pulumi", "up", "--yes", "--non-interactive", "--suppress-outputs", "--plan")
_PREVIEW = ("pulumi", "preview", "--json", "--non-interactive", "--save-plan")
_VIOLATION = re.compile(
    "violates plan|not allowed by the plan|no plan for resource urn:|expected resource operations for urn:"
)
"""Pulumi's messages about operations that a plan does not contain: pulumi/pulumi, pkg/resource/deploy."""
_URN = re.compile(r"urn:pulumi:[^\s]+?::[^\s]+?::[^\s]+?::[^\s]+")
_PROPERTY = re.compile(r"violates plan: properties changed: [-+~=]{2}(\w+)\[")
_BEGUN = re.compile(r"Updating \(")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `runner-deploy`.

    Returns:
        0 when the plan is deployed, 1 when it is refused or the deployment failed, 2 after a usage error.
    """
    try:
        options = argument_parser().parse_args(arguments)
    except SystemExit as ended:  # raised by argparse: 0 after --help, 2 after a usage error
        return int(ended.code or 0)
    try:
        plan = _plan(options)
        reviewed = read_plan(plan.text)
        print(f"runner-deploy: deploying the plan that was reviewed in {plan.merge_request}", flush=True)
        with tempfile.TemporaryDirectory() as directory:  # accessible only to this user
            return _deployed(plan, reviewed, Path(directory))
    except (GitLabError, PreviewError) as error:
        print(f"runner-deploy: {error}", file=sys.stderr)
        print(_WAY_OUT, file=sys.stderr)
        return REFUSED
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        print(f"runner-deploy: {error.filename or 'the plan'}: {reason}", file=sys.stderr)
        return USAGE


_WAY_OUT = (
    "runner-deploy: nothing was deployed. To review and deploy the current changes, open another merge "
    "request. To deploy without a plan, start this job with the variable DEPLOY_UNREVIEWED."
)


def _plan(options: argparse.Namespace) -> ReviewedPlan:
    if options.plan:
        return ReviewedPlan(options.plan.read_text(encoding="utf-8", errors="replace"), str(options.plan))
    return fetch_plan(merged_of(os.environ, options.token_variable), options.preview_job, PLAN)


def _deployed(plan: ReviewedPlan, reviewed: Plan, directory: Path) -> int:
    """Deploy a plan, and return the exit code."""
    file = directory / PLAN
    file.write_text(plan.text, encoding="utf-8")
    has_begun, violation = False, ""
    with subprocess.Popen(
        [*_UP, str(file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as update:
        for line in update.stdout or ():
            has_begun = has_begun or bool(_BEGUN.match(line))
            violation = violation or (line if _VIOLATION.search(line) else "")
            if not violation:
                print(line, end="", flush=True)
    status = update.returncode
    if not violation:
        return DEPLOYED if status == 0 else REFUSED
    changed = _differences_now(reviewed, directory) or [_without_values(violation)]
    print(f"runner-deploy: the changes differ from the reviewed changes in {plan.merge_request}:")
    for line in changed:
        print(f"  {line}")
    if has_begun:
        print(
            "runner-deploy: the update is incomplete; the next preview shows the remaining changes",
            file=sys.stderr,
        )
    else:
        print(_WAY_OUT, file=sys.stderr)
    return REFUSED


def _differences_now(reviewed: Plan, directory: Path) -> list[str]:
    """The differences from a current preview; empty if the preview fails, or if only secrets differ."""
    file = directory / "now.json"
    preview = subprocess.run(
        [*_PREVIEW, str(file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if preview.returncode:
        return []
    return differences(reviewed, read_plan(file.read_text(encoding="utf-8", errors="replace")))


def _without_values(violation: str) -> str:
    """Pulumi's message about the first difference, without its values."""
    urn, changed = _URN.search(violation), _PROPERTY.search(violation)
    of = resource(urn[0]) if urn else "the stack"
    return printable(f"{of}: differs from the reviewed plan{f': {changed[1]}' if changed else ''}")


def argument_parser() -> argparse.ArgumentParser:
    """The options of the command; the documentation's reference lists them."""
    parser = argparse.ArgumentParser(
        prog="runner-deploy",
        description="Deploy the plan that was reviewed in a merge request, and refuse any other change.",
        epilog="Exit status: 0 deployed, 1 refused or failed, 2 a usage error.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--preview-job",
        metavar="NAME",
        help="the preview job of the merge request, with the artifact plan.json",
    )
    source.add_argument(
        "--plan", type=Path, metavar="FILE", help="the plan, as written by `pulumi preview --save-plan`"
    )
    add_token_variable(parser, "read the plan")
    return parser
