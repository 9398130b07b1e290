"""The runners API: create, list, update and delete runners, and assign them to projects.

Sources: GitLab's `lib/api/user_runners.rb`, `lib/api/ci/runners.rb`, `app/models/ci/runner.rb`,
`app/services/ci/runners`, and `runner_policy.rb` and `runner_project_policy.rb` in `app/policies/ci`.
Stricter than GitLab: a `group_id` or `project_id` that does not belong to the runner's type is refused, where
GitLab ignores it.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.services.gitlab.access import current_user, instance, role_in
from sandbox.services.gitlab.endpoints import endpoint
from sandbox.services.gitlab.parameters import Parameter, boolean, integer, texts
from sandbox.services.gitlab.refusals import (
    Errors,
    RefusalError,
    bad_request,
    forbidden,
    invalid_parameters,
    not_found,
    present,
    require_valid,
    too_long,
)
from sandbox.services.gitlab.runner_details import runner_details, runner_summary
from sandbox.services.gitlab.state import Group, Project, Role, Runner, now

RUNNER_TYPES = ("instance_type", "group_type", "project_type")
ACCESS_LEVELS = ("not_protected", "ref_protected")
MINIMUM_TIMEOUT = 600
LARGEST_TIMEOUT = 2**31 - 1
NOTE_LENGTH = 1024
DESCRIPTION_LENGTH = 1024
TAG_COUNT = 50

_ATTRIBUTES = (
    Parameter("description", nullable=True),
    Parameter("paused", boolean),
    Parameter("tag_list", texts),
    Parameter("run_untagged", boolean),
    Parameter("locked", boolean),
    Parameter("access_level", values=ACCESS_LEVELS),
    Parameter("maximum_timeout", integer, nullable=True),
    Parameter("maintenance_note", nullable=True),
)
_NEW = (
    Parameter("runner_type", required=True, values=RUNNER_TYPES),
    Parameter("group_id", integer),
    Parameter("project_id", integer),
)
_PLACE_OF_TYPE = {"group_type": "group_id", "project_type": "project_id"}
_RUNNER = "/runners/<int:runner_id>"


@endpoint("POST /user/runners", *_NEW, *_ATTRIBUTES, status=201)
def create_runner(asked: dict[str, Any]) -> dict[str, Any]:
    """Creates a runner of the current user. No other response contains its token."""
    group, projects = _place_of(asked)
    number = next(instance().runner_ids)
    runner = Runner(
        id=number,
        token=_new_token(number),
        creator=current_user(),
        created_at=now(),
        group=group,
        projects=projects,
        **_normalised(asked),
    )
    if errors := present(_errors(runner)):
        raise bad_request(_sentence(errors))
    instance().runners[runner.id] = runner
    return {"id": runner.id, "token": runner.token, "token_expires_at": None}


@endpoint("GET /runners", paged=True)
def list_available_runners() -> list[dict[str, Any]]:
    """Lists the runners that the user may change as a member of a group or project, also an administrator."""
    roles = current_user().roles
    return [runner_summary(each) for each in instance().runners.values() if _changed_by_members(each, roles)]


@endpoint("GET /runners/all", administrator=True, paged=True)
def list_all_runners() -> list[dict[str, Any]]:
    """Lists all runners; only for administrators."""
    return [runner_summary(each) for each in instance().runners.values()]


@endpoint(f"GET {_RUNNER}")
def show_runner(runner_id: int) -> dict[str, Any]:
    """Shows a runner without its token; its maintenance note only for users who may change it."""
    runner = _find_runner(runner_id)
    of_its_group = runner.group is not None and role_in(runner.group) >= Role.MAINTAINER
    if not (runner.runner_type == "instance_type" or of_its_group):
        _require_right_to_change(runner)
    details = runner_details(runner)
    if not _may_change(runner):
        details["maintenance_note"] = None
    return details


@endpoint(f"PUT {_RUNNER}", *_ATTRIBUTES)
def update_runner(runner_id: int, asked: dict[str, Any]) -> dict[str, Any]:
    """Updates a runner's settings; its type and its group or owner project cannot change."""
    runner = _find_runner(runner_id)
    _require_right_to_change(runner)
    if not asked:
        names = ", ".join(parameter.name for parameter in _ATTRIBUTES)
        raise invalid_parameters([f"{names} are missing, at least one parameter must be provided"])
    changed = replace(runner, **_normalised(asked))
    require_valid(_errors(changed))
    instance().runners[runner.id] = changed
    details = runner_details(changed)
    del details["projects"]
    return details


@endpoint(f"DELETE {_RUNNER}")
def delete_runner(runner_id: int) -> None:
    """Deletes a runner."""
    runner = _find_runner(runner_id)
    if not current_user().administrator and len(runner.projects) > 1:
        raise forbidden("Runner associated with more than one project")
    _require_right_to_change(runner)
    del instance().runners[runner.id]


@endpoint(
    "POST /projects/<path:project>/runners",
    Parameter("runner_id", integer, required=True),
    role=Role.MAINTAINER,
    status=201,
)
def enable_runner(project: Project, asked: dict[str, Any]) -> dict[str, Any]:
    """Assigns a project runner to another project."""
    runner = _find_runner(asked["runner_id"])
    if runner.runner_type == "group_type":
        raise forbidden("Runner is a group runner")
    if runner.runner_type == "instance_type":
        raise forbidden("No access granted")
    if not current_user().administrator and runner.locked:
        raise forbidden("Runner is locked")
    _require_right_to_change(runner)
    if project in runner.projects:
        reason = "Validation failed: Runner projects runner has already been taken"
        raise RefusalError(400, {"message": f"{reason} - runner_error"})
    runner.projects.append(project)
    return runner_summary(runner)


@endpoint(f"DELETE /projects/<path:project>{_RUNNER}", role=Role.MAINTAINER)
def disable_runner(project: Project, runner_id: int) -> None:
    """Unassigns a runner from a project, except from its owner project, the first one."""
    runner = instance().runners.get(runner_id)
    if runner is None or project not in runner.projects:
        raise not_found("Runner")
    is_owner = project is runner.projects[0]
    if not current_user().administrator:
        if runner.locked:
            raise forbidden("Runner is locked")
        if is_owner:
            raise forbidden("No access granted")
    if is_owner:
        raise forbidden("You cannot unassign a runner from the owner project. Delete the runner instead")
    runner.projects.remove(project)


def _errors(runner: Runner) -> Errors:
    tags, timeout = [], []
    if not runner.tag_list and not runner.run_untagged:
        tags = ["can not be empty when runner is not allowed to pick untagged jobs"]
    if len(runner.tag_list) > TAG_COUNT:
        tags = [f"Too many tags specified. Please limit the number of tags to {TAG_COUNT}"]
    if runner.maximum_timeout is not None and runner.maximum_timeout < MINIMUM_TIMEOUT:
        timeout = ["needs to be at least 10 minutes"]
    elif (runner.maximum_timeout or 0) > LARGEST_TIMEOUT:
        # GitLab does not validate the limit of the database column.
        raise RefusalError(500, {"message": "500 Internal Server Error"})
    return {
        "tags_list": tags,
        "maximum_timeout": timeout,
        "maintenance_note": too_long(runner.maintenance_note, NOTE_LENGTH),
        "description": too_long(runner.description, DESCRIPTION_LENGTH),
    }


def _find_runner(runner_id: int) -> Runner:
    runner = instance().runners.get(runner_id)
    if runner is None:
        raise not_found("Runner")
    return runner


def _may_change(runner: Runner) -> bool:
    user = current_user()
    return user.administrator or _changed_by_members(runner, user.roles)


def _require_right_to_change(runner: Runner) -> None:
    if not _may_change(runner):
        raise forbidden("No access granted")


def _changed_by_members(runner: Runner, roles: Mapping[int, Role]) -> bool:
    """Whether these roles include owner of its group, or maintainer of one of its projects."""
    if runner.group:
        return roles.get(runner.group.id, Role.NONE) >= Role.OWNER
    return any(roles.get(project.group.id, Role.NONE) >= Role.MAINTAINER for project in runner.projects)


def _new_token(number: int) -> str:
    start = instance().runner_token
    return f"{start}-{number}" if start else f"glrt-{secrets.token_urlsafe(15)}"


def _place_of(attributes: dict[str, Any]) -> tuple[Group | None, list[Project]]:
    """Removes `group_id` or `project_id` from a new runner's attributes, and returns the group or project.

    Raises:
        RefusalError: 400 if one is missing, does not belong to the type or is not found; 403 if the user may
            not create runners there.
    """
    runner_type = attributes["runner_type"]
    wanted = _PLACE_OF_TYPE.get(runner_type)
    problems = [
        f"{name} is missing" if name == wanted else f"{name} does not belong to a runner of {runner_type}"
        for name in _PLACE_OF_TYPE.values()
        if (name in attributes) != (name == wanted)
    ]
    if problems:
        raise invalid_parameters(problems)
    group = instance().groups.get(attributes.pop("group_id", 0))
    project = instance().projects.get(attributes.pop("project_id", 0))
    if runner_type == "group_type":
        if group is None:
            raise bad_request("Missing/invalid group")
        allowed = role_in(group) >= Role.OWNER
    elif runner_type == "project_type":
        if project is None:
            raise bad_request("Missing/invalid project")
        allowed = role_in(project) >= Role.MAINTAINER
    else:
        allowed = current_user().administrator
    if not allowed:
        raise forbidden("Insufficient permissions")
    return group, [project] if project else []


def _normalised(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes as GitLab stores them: unique tags without white space and quotation marks, here sorted.

    Source: `lib/gitlab/ci/tags/parser.rb` and `tag_list.rb`.
    """
    if "tag_list" in attributes:
        joined = ", ".join(attributes["tag_list"])
        quoted: list[str] = []
        for mark in ('"', "'"):
            pattern = rf"(?:\A|,)\s*{mark}(.*?){mark}\s*(?=,\s*|\Z)"
            quoted += re.findall(pattern, joined)
            joined = re.sub(pattern, "", joined)
        attributes["tag_list"] = sorted({each.strip() for each in (*quoted, *joined.split(","))} - {""})
    return attributes


def _sentence(errors: Errors) -> str:
    """Validation errors in the form of GitLab's `full_messages.to_sentence`."""
    messages = [
        f"{attribute.replace('_', ' ').capitalize()} {message}"
        for attribute, of_attribute in errors.items()
        for message in of_attribute
    ]
    return ", ".join(messages[:-1]) + ", and " + messages[-1] if len(messages) > 2 else " and ".join(messages)
