"""The issue of a stack's drift: opened once, kept up to date while the drift lasts, closed when it is over.

Source: docs.gitlab.com/api/issues. Each step is one request: one that fails leaves nothing half done.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pulumi_gitlab_runner.review.errors import NoTokenError
from pulumi_gitlab_runner.review.gitlab_api import Access, GitLab, access_of, need, patiently
from pulumi_gitlab_runner.review.markup import code, one_line

REPORT_SIZE = 200_000
"""How many characters of a report are shown: of whichever kind they are, a description takes them.

One may have a megabyte: docs.gitlab.com/development/issuable-like-models."""


@dataclass(frozen=True)
class IssuePlace:
    """Where the issue of a stack's drift is kept.

    Attributes:
        access: where GitLab is, and a token of the scope `api`.
        project: the project's id.
        stack: the stack's name.
        label: the label by which the issue is found again.
        job: the address of the job that found the drift; empty for none.
    """

    access: Access
    project: str
    stack: str
    label: str
    job: str = ""

    @property
    def marker(self) -> str:
        """The hidden first line of the issue."""
        return f"<!-- pulumi-gitlab-runner drift {quote(self.stack, safe='').replace('-', '%2D')} -->"

    @property
    def issues(self) -> str:
        """The path of the project's issues."""
        return f"projects/{self.project}/issues"


def issue_place_of(environment: Mapping[str, str], token_variable: str, stack: str, label: str) -> IssuePlace:
    """Where a job keeps the issue, by GitLab's predefined variables.

    Raises:
        GitLabError: it is no job of GitLab, or the variable holds no token.
        NoTokenError: the token is missing.
    """
    need(environment, ("CI_API_V4_URL", "CI_PROJECT_ID"), "an issue of the drift needs a job of GitLab")
    fix = "give it a project access token of the scope `api` with the role Reporter, masked"
    try:
        access = access_of(environment, token_variable, fix)
    except NoTokenError as error:
        raise NoTokenError(f"no issue of the drift: {error}") from None
    return IssuePlace(access, environment["CI_PROJECT_ID"], stack, label, environment.get("CI_JOB_URL", ""))


def report_drift(place: IssuePlace, report: str, wait: Callable[[float], None] = time.sleep) -> str:
    """Open the issue, or bring the open one up to date.

    Args:
        place: where.
        report: what has drifted, in lines.
        wait: called with the seconds between two attempts.

    Returns:
        the issue's address.

    Raises:
        GitLabError: GitLab is not reachable, or refuses.
    """
    description = _description(place, "", report)

    def write(gitlab: GitLab) -> str:
        open_issue = _open_issue(gitlab, place)
        if open_issue is None:
            content = {
                "title": f"Drift in {one_line(place.stack)}",
                "description": description,
                "labels": place.label,
                "confidential": True,
            }
            open_issue = gitlab.sent("POST", place.issues, content)
        elif _drift_of(open_issue["description"]) != _drift_of(description):
            gitlab.send("PUT", f"{place.issues}/{open_issue['iid']}", {"description": description})
        return str(open_issue["web_url"])

    return patiently(place.access, write, wait)


def report_end(place: IssuePlace, wait: Callable[[float], None] = time.sleep) -> str | None:
    """Close the issue, if one is open, and say in it that the drift is over.

    Returns:
        the issue's address; nothing where none was open.

    Raises:
        GitLabError: GitLab is not reachable, or refuses.
    """

    def close(gitlab: GitLab) -> str | None:
        open_issue = _open_issue(gitlab, place)
        if open_issue is None:
            return None
        over = f"**Over:** {code(place.stack)} is as its state has it again{_seen_by(place)}. It was:"
        description = _description(place, over, _drift_of(open_issue["description"]))
        content = {"description": description, "state_event": "close"}
        gitlab.send("PUT", f"{place.issues}/{open_issue['iid']}", content)
        return str(open_issue["web_url"])

    return patiently(place.access, close, wait)


def _open_issue(gitlab: GitLab, place: IssuePlace) -> Mapping[str, Any] | None:
    """The oldest open issue of this stack's drift that the token's own user wrote."""
    user = gitlab.user()
    asked = f"state=opened&labels={quote(place.label, safe='')}&scope=all&order_by=created_at&sort=asc"
    for issue in gitlab.listed(f"{place.issues}?{asked}"):
        first = (issue["description"] or "").partition("\n")[0].rstrip()
        if issue["author"]["id"] == user and first == place.marker:
            found: Mapping[str, Any] = issue
            return found
    return None


def _description(place: IssuePlace, said: str, report: str) -> str:
    """The marker, a sentence, and the report as a code block without markup."""
    head = said or f"A scheduled look at {code(place.stack)} found drift{_seen_by(place)}."
    lines = [f"{_SIGN}{line}" for line in report[:REPORT_SIZE].splitlines()]
    if len(report) > REPORT_SIZE:
        lines.append("… and more, as the job's log has it")
    return "\n".join([place.marker, head, "", "```text", *lines, "```", ""])


_SIGN = "| "
"""The prefix of each line of a report: so no line can end its code block."""


def _drift_of(description: str) -> str:
    """The report in a description."""
    lines = (description or "").splitlines()
    return "\n".join(line[len(_SIGN) :] for line in lines if line.startswith(_SIGN))


def _seen_by(place: IssuePlace) -> str:
    return f" ([job]({quote(place.job, safe=':/-._~')}))" if place.job else ""
