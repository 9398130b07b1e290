"""Pipeline schedules, without variables. No pipeline is ever run.

Sources: GitLab's `lib/api/ci/pipeline_schedules.rb`, `app/policies/ci/pipeline_schedule_policy.rb` and
`app/models/ci/pipeline_schedule.rb`. Stricter than GitLab: `ref` must be the whole name of a branch or tag,
which is also what the provider asks for, and a cron expression has five fields of numbers and names.
"""

import re
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, jsonify
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
from sandbox.services.gitlab.parameters import Parameter, boolean, read_parameters
from sandbox.services.gitlab.refusals import forbidden, invalid, not_found
from sandbox.services.gitlab.state import PipelineSchedule, Project, Role

REF = re.compile(r"refs/(heads|tags)/\S+")
CRON = re.compile(r"([0-9A-Za-z*/,\-]+ +){4}[0-9A-Za-z*/,\-]+")
INPUT_COUNT = 20

_SCHEDULES = "/projects/<path:identifier>/pipeline_schedules"
_SCHEDULE = f"{_SCHEDULES}/<int:number>"
_REQUIRED = ("description", "ref", "cron")

blueprint = Blueprint("pipeline_schedules", __name__)
blueprint.before_request(authenticate)


def inputs(value: Any) -> dict[str, str]:
    """A list of inputs, each with a name and a value; one to be destroyed is left out."""
    if not isinstance(value, list) or not all(isinstance(each, dict) and "name" in each for each in value):
        raise ValueError
    return {each["name"]: each.get("value") for each in value if not each.get("destroy")}


_OPTIONAL = (Parameter("cron_timezone"), Parameter("active", boolean), Parameter("inputs", inputs))


@blueprint.post(_SCHEDULES)
def create_schedule(identifier: str) -> ResponseReturnValue:
    """Makes a schedule that the current user owns."""
    project = find_project(identifier)
    require_role(project, Role.DEVELOPER)
    attributes = read_parameters((*(Parameter(name, required=True) for name in _REQUIRED), *_OPTIONAL))
    schedule = PipelineSchedule(next(instance().schedule_ids), current_user(), now(), **attributes)
    _require_valid(schedule)
    project.schedules[schedule.id] = schedule
    return jsonify(_details(schedule)), 201


@blueprint.get(_SCHEDULE)
def show_schedule(identifier: str, number: int) -> Response:
    """One schedule."""
    read_parameters()
    return jsonify(_details(_found(identifier, number)[1]))


@blueprint.put(_SCHEDULE)
def update_schedule(identifier: str, number: int) -> Response:
    """Changes a schedule: its owner may, and a maintainer."""
    project, schedule = _found(identifier, number)
    _require_owner(schedule, project)
    attributes = read_parameters((*map(Parameter, _REQUIRED), *_OPTIONAL))
    changed = PipelineSchedule(**{**vars(schedule), **attributes})
    _require_valid(changed)
    project.schedules[number] = changed
    return jsonify(_details(changed))


@blueprint.delete(_SCHEDULE)
def delete_schedule(identifier: str, number: int) -> ResponseReturnValue:
    """Removes a schedule."""
    read_parameters()
    project, schedule = _found(identifier, number)
    _require_owner(schedule, project)
    del project.schedules[number]
    return "", 204


def _details(schedule: PipelineSchedule) -> dict[str, Any]:
    """A schedule as the API shows it."""
    owner = schedule.owner
    return {
        "id": schedule.id,
        "description": schedule.description,
        "ref": schedule.ref,
        "cron": schedule.cron,
        "cron_timezone": schedule.cron_timezone,
        "active": schedule.active,
        "created_at": schedule.created_at,
        "owner": {"id": owner.id, "username": owner.username, "name": owner.name, "state": "active"},
        "variables": [],
        "inputs": [{"name": name, "value": value} for name, value in schedule.inputs.items()],
    }


def _found(identifier: str, number: int) -> tuple[Project, PipelineSchedule]:
    project = find_project(identifier)
    require_role(project, Role.DEVELOPER)
    if number not in project.schedules:
        raise not_found("Pipeline Schedule")
    return project, project.schedules[number]


def _require_owner(schedule: PipelineSchedule, project: Project) -> None:
    if schedule.owner is not current_user() and role_in(project) < Role.MAINTAINER:
        raise forbidden()


def _require_valid(schedule: PipelineSchedule) -> None:
    errors = {}
    if not schedule.description.strip():
        errors["description"] = ["can't be blank"]
    if not REF.fullmatch(schedule.ref):
        errors["ref"] = ["is ambiguous"]
    if not CRON.fullmatch(schedule.cron.strip()):
        errors["cron"] = [" is invalid syntax"]
    if schedule.cron_timezone not in available_timezones():
        errors["cron_timezone"] = [" is invalid syntax"]
    if len(schedule.inputs) > INPUT_COUNT:
        errors["inputs"] = [f"exceed the limit of {INPUT_COUNT}."]
    if errors:
        raise invalid(errors)
