"""The issue of a stack's drift: opened once, kept up to date while the drift lasts, closed when it is over.

Source: docs.gitlab.com/api/issues. Each change is a single request, so a failed one leaves no partial change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pulumi_gitlab_runner.review.gitlab_api import Access, GitLab, access_of, need, patiently
from pulumi_gitlab_runner.review.markup import code, one_line

REPORT_SIZE = 200_000
"""The maximum size of the report in the issue, in characters.

Even with four bytes for each character it is below the limit for a description, 1 MB:
docs.gitlab.com/development/issuable-like-models."""


@dataclass(frozen=True)
class IssuePlace:
    """The project in which the issue of a stack's drift is opened.

    Attributes:
        access: the URL of GitLab's API, and a token of the scope `api`.
        project: the ID of the project.
        stack: the name of the stack.
        label: the label that identifies the issue.
        job: the URL of the job that found the drift; empty for none.
    """

    access: Access
    project: str
    stack: str
    label: str
    job: str = ""

    @property
    def marker(self) -> str:
        """The hidden first line of the issue, which names the stack."""
        return f"<!-- pulumi-gitlab-runner drift {quote(self.stack, safe='').replace('-', '%2D')} -->"

    @property
    def issues(self) -> str:
        """The path of the project's issues in GitLab's API."""
        return f"projects/{self.project}/issues"


def issue_place_of(environment: Mapping[str, str], token_variable: str, stack: str, label: str) -> IssuePlace:
    """The place of the issue, from GitLab's predefined variables.

    Raises:
        GitLabError: a predefined variable is missing, or the token is malformed.
        NoTokenError: the variable with the token is not set.
    """
    need(environment, ("CI_API_V4_URL", "CI_PROJECT_ID"), "a drift issue requires a GitLab CI job")
    fix = "set it to a project access token with the scope `api` and the role Reporter, masked"
    access = access_of(environment, token_variable, fix, "no drift issue")
    return IssuePlace(access, environment["CI_PROJECT_ID"], stack, label, environment.get("CI_JOB_URL", ""))


def report_drift(place: IssuePlace, report: str) -> str:
    """Open the issue, or update the open one.

    Returns:
        The URL of the issue.

    Raises:
        GitLabError: GitLab is not reachable, or refuses the request.
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

    return patiently(place.access, write)


def report_end(place: IssuePlace) -> str | None:
    """Close the issue, if one is open, with a note that the drift is over.

    Returns:
        The URL of the issue; None if none was open.

    Raises:
        GitLabError: GitLab is not reachable, or refuses the request.
    """

    def close(gitlab: GitLab) -> str | None:
        open_issue = _open_issue(gitlab, place)
        if open_issue is None:
            return None
        stack = code(place.stack)
        end = f"**Resolved:** the resources of {stack} match its state again{_seen_by(place)}. The drift was:"
        description = _description(place, end, _drift_of(open_issue["description"]))
        content = {"description": description, "state_event": "close"}
        gitlab.send("PUT", f"{place.issues}/{open_issue['iid']}", content)
        return str(open_issue["web_url"])

    return patiently(place.access, close)


def _open_issue(gitlab: GitLab, place: IssuePlace) -> Mapping[str, Any] | None:
    """The oldest open issue of this stack's drift by the token's user."""
    user = gitlab.user()
    asked = f"state=opened&labels={quote(place.label, safe='')}&scope=all&order_by=created_at&sort=asc"
    for issue in gitlab.listed(f"{place.issues}?{asked}"):
        first = (issue["description"] or "").partition("\n")[0].rstrip()
        if issue["author"]["id"] == user and first == place.marker:
            return issue
    return None


def _description(place: IssuePlace, said: str, report: str) -> str:
    """The marker, a sentence, and the report as a code block without markup."""
    head = said or f"A scheduled check of {code(place.stack)} found drift{_seen_by(place)}."
    lines = [f"{_SIGN}{line}" for line in report[:REPORT_SIZE].splitlines()]
    if len(report) > REPORT_SIZE:
        lines.append("… more in the job log")
    return "\n".join([place.marker, head, "", "```text", *lines, "```", ""])


_SIGN = "| "
"""The prefix of each line of a report, so that no line can end the code block."""


def _drift_of(description: str) -> str:
    """The report in a description."""
    lines = (description or "").splitlines()
    return "\n".join(line[len(_SIGN) :] for line in lines if line.startswith(_SIGN))


def _seen_by(place: IssuePlace) -> str:
    return f" ([job]({quote(place.job, safe=':/-._~')}))" if place.job else ""
