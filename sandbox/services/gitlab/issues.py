"""The issues API.

Sources: GitLab's `lib/api/issues.rb`, `lib/api/helpers/issues_helpers.rb`, `app/policies/issue_policy.rb` and
`doc/development/issuable-like-models.md`; docs.gitlab.com/user/permissions for confidential issues.
"""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.services.gitlab.access import (
    authenticate,
    current_user,
    find_project,
    instance,
    require_role,
    role_in,
)
from sandbox.services.gitlab.clock import now
from sandbox.services.gitlab.pages import page_of
from sandbox.services.gitlab.parameters import PAGINATION, Parameter, boolean, read_parameters, texts
from sandbox.services.gitlab.refusals import forbidden, invalid, invalid_parameters, not_found
from sandbox.services.gitlab.state import Issue, Project, Role

TITLE_LENGTH = 255
DESCRIPTION_LENGTH = 1_048_576

_ISSUES = "/projects/<path:identifier>/issues"
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

blueprint = Blueprint("issues", __name__)
blueprint.before_request(authenticate)


@blueprint.get(_ISSUES)
def list_issues(identifier: str) -> Response:
    """Lists the issues of a project that are visible to the user, by default the newest first."""
    project = find_project(identifier)
    parameters = read_parameters((*PAGINATION, *_FILTERS))
    key = parameters.get("order_by", "created_at")
    found = sorted(
        (issue for issue in project.issues.values() if _is_asked_for(issue, project, parameters)),
        key=lambda issue: (getattr(issue, key), issue.id),
        reverse=parameters.get("sort", "desc") == "desc",
    )
    return page_of([issue_details(issue, project) for issue in found], parameters)


@blueprint.post(_ISSUES)
def create_issue(identifier: str) -> ResponseReturnValue:
    """Creates an issue; labels are ignored unless the user may set them."""
    project = find_project(identifier)
    given = read_parameters((Parameter("title", required=True), *_CONTENT))
    if not project.issues_enabled:
        raise forbidden()
    require_role(project, Role.GUEST)
    labels = given.get("labels", []) if role_in(project) >= Role.REPORTER else []
    moment = now()
    issue = Issue(
        id=next(instance().issue_ids),
        iid=max(project.issues, default=0) + 1,
        author=current_user(),
        title=given["title"],
        description=given.get("description"),
        labels=sorted(set(labels)),
        created_at=moment,
        updated_at=moment,
        confidential=given.get("confidential", False),
    )
    _check(issue)
    project.issues[issue.iid] = issue
    return jsonify(issue_details(issue, project)), 201


@blueprint.get(f"{_ISSUES}/<int:iid>")
def show_issue(identifier: str, iid: int) -> Response:
    """Shows an issue."""
    read_parameters()
    project, issue = _found(identifier, iid)
    return jsonify(issue_details(issue, project))


@blueprint.put(f"{_ISSUES}/<int:iid>")
def update_issue(identifier: str, iid: int) -> Response:
    """Updates an issue; allowed for its author and reporters."""
    project, issue = _found(identifier, iid)
    given = read_parameters(_CHANGES)
    if not given:
        names = ", ".join(parameter.name for parameter in _CHANGES)
        raise invalid_parameters([f"{names} are missing, at least one parameter must be provided"])
    if issue.author is not current_user() and role_in(project) < Role.REPORTER:
        raise forbidden()
    if role_in(project) < Role.REPORTER:
        given.pop("labels", None)
    changed = Issue(**{**vars(issue), **{name: given[name] for name in given if name != "state_event"}})
    _check(changed)
    event = given.get("state_event")
    changed.updated_at = now()
    if event:
        changed.closed_at = changed.updated_at if event == "close" else None
    project.issues[iid] = changed
    return jsonify(issue_details(changed, project))


def issue_details(issue: Issue, project: Project) -> dict[str, Any]:
    """An issue in the API's response."""
    return {
        "id": issue.id,
        "iid": issue.iid,
        "project_id": project.id,
        "title": issue.title,
        "description": issue.description,
        "state": "closed" if issue.closed_at else "opened",
        "labels": issue.labels,
        "author": issue.author.summary,
        "confidential": issue.confidential,
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
        "closed_at": issue.closed_at,
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


def _found(identifier: str, iid: int) -> tuple[Project, Issue]:
    project = find_project(identifier)
    issue = project.issues.get(iid)
    if issue is None or not _sees(issue, project):
        raise not_found()
    return project, issue


def _check(issue: Issue) -> None:
    errors: dict[str, list[str]] = {}
    if not issue.title.strip():
        errors["title"] = ["can't be blank"]
    elif len(issue.title) > TITLE_LENGTH:
        errors["title"] = [f"is too long (maximum is {TITLE_LENGTH} characters)"]
    if len(issue.description or "") > DESCRIPTION_LENGTH:
        errors["description"] = [f"is too long (maximum is {DESCRIPTION_LENGTH} characters)"]
    if errors:
        raise invalid(errors)
