"""The issues API.

Sources: GitLab's `lib/api/issues.rb`, `lib/api/helpers/issues_helpers.rb`, `app/policies/issue_policy.rb` and
`doc/development/issuable-like-models.md`; docs.gitlab.com/user/permissions for confidential issues.
"""

from dataclasses import replace
from typing import Any

from flask import request

from sandbox.services.gitlab.access import current_user, instance, role_in
from sandbox.services.gitlab.endpoints import endpoint
from sandbox.services.gitlab.parameters import Parameter, boolean, texts
from sandbox.services.gitlab.refusals import (
    blank,
    forbidden,
    invalid_parameters,
    not_found,
    require_valid,
    too_long,
)
from sandbox.services.gitlab.state import Issue, Project, Role, now

TITLE_LENGTH = 255
DESCRIPTION_LENGTH = 1_048_576

_ISSUES = "/projects/<path:project>/issues"
_FILTERS = (
    Parameter("state", values=("opened", "closed", "all")),
    Parameter("labels", texts),
    Parameter("scope", values=("all",)),
    Parameter("sort", values=("asc", "desc")),
    Parameter("order_by", values=("created_at", "updated_at")),
)
_CONTENT = (
    Parameter("description", nullable=True),
    Parameter("labels", texts),
    Parameter("confidential", boolean),
)
_CHANGES = (
    Parameter("title"),
    Parameter("state_event", values=("reopen", "close")),
    *_CONTENT,
)


@endpoint(f"GET {_ISSUES}", *_FILTERS, paged=True)
def list_issues(project: Project, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Lists the issues of a project that are visible to the user, by default the newest first."""
    key = asked.get("order_by", "created_at")
    found = sorted(
        (issue for issue in project.issues.values() if _is_asked_for(issue, project, asked)),
        key=lambda issue: (getattr(issue, key), issue.id),
        reverse=asked.get("sort", "desc") == "desc",
    )
    return [issue_details(issue, project) for issue in found]


@endpoint(f"POST {_ISSUES}", Parameter("title", required=True), *_CONTENT, status=201)
def create_issue(project: Project, asked: dict[str, Any]) -> dict[str, Any]:
    """Creates an issue; labels are ignored unless the user may set them."""
    if not project.issues_enabled or role_in(project) < Role.GUEST:
        raise forbidden()
    labels = asked.get("labels", []) if role_in(project) >= Role.REPORTER else []
    moment = now()
    issue = Issue(
        id=next(instance().issue_ids),
        iid=max(project.issues, default=0) + 1,
        author=current_user(),
        title=asked["title"],
        description=asked.get("description"),
        labels=sorted(set(labels)),
        created_at=moment,
        updated_at=moment,
        confidential=asked.get("confidential", False),
    )
    _check(issue)
    project.issues[issue.iid] = issue
    return issue_details(issue, project)


@endpoint(f"PUT {_ISSUES}/<int:iid>", *_CHANGES)
def update_issue(project: Project, iid: int, asked: dict[str, Any]) -> dict[str, Any]:
    """Updates an issue; allowed for its author and reporters."""
    issue = _found(project, iid)
    if not asked:
        names = ", ".join(parameter.name for parameter in _CHANGES)
        raise invalid_parameters([f"{names} are missing, at least one parameter must be provided"])
    if issue.author is not current_user() and role_in(project) < Role.REPORTER:
        raise forbidden()
    if role_in(project) < Role.REPORTER:
        asked.pop("labels", None)
    event = asked.pop("state_event", None)
    changed = replace(issue, **asked, updated_at=now())
    _check(changed)
    if event:
        changed.closed_at = changed.updated_at if event == "close" else None
    project.issues[iid] = changed
    return issue_details(changed, project)


def issue_details(issue: Issue, project: Project) -> dict[str, Any]:
    """An issue in the API's response."""
    return {
        **vars(issue),
        "author": issue.author.summary,
        "project_id": project.id,
        "state": "closed" if issue.closed_at else "opened",
        "web_url": f"{request.host_url}{project.full_path}/-/issues/{issue.iid}",
    }


def _is_asked_for(issue: Issue, project: Project, asked: dict[str, Any]) -> bool:
    state = asked.get("state", "all")
    return (
        _sees(issue, project)
        and state in ("all", "closed" if issue.closed_at else "opened")
        and set(asked.get("labels", [])) <= set(issue.labels)
    )


def _sees(issue: Issue, project: Project) -> bool:
    may_see_confidential = issue.author is current_user() or role_in(project) >= Role.REPORTER
    return project.issues_enabled and (may_see_confidential or not issue.confidential)


def _found(project: Project, iid: int) -> Issue:
    issue = project.issues.get(iid)
    if issue is None or not _sees(issue, project):
        raise not_found()
    return issue


def _check(issue: Issue) -> None:
    require_valid(
        {
            "title": blank(issue.title) or too_long(issue.title, TITLE_LENGTH),
            "description": too_long(issue.description, DESCRIPTION_LENGTH),
        }
    )
