"""The pipeline schedules API, without variables. Schedules do not run pipelines.

Sources: GitLab's `lib/api/ci/pipeline_schedules.rb`, `lib/api/entities/ci/pipeline_schedule.rb`,
`app/policies/ci/pipeline_schedule_policy.rb`, `app/models/ci/pipeline_schedule.rb` and
`app/services/ci/pipeline_schedules`. Stricter than GitLab: `ref` must be the full name of a branch or tag,
which the provider requires too, a cron expression has five fields of numbers and names, and a time zone is an
IANA name. Simpler: no branch is protected.
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


def inputs(value: Any) -> dict[str, Any]:
    """The inputs by name, from a list; None for an input to destroy."""
    if not isinstance(value, list) or not all(map(_is_input, value)):
        raise ValueError
    return {each["name"]: None if each.get("destroy") else each["value"] for each in value}


def _is_input(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value and ("value" in value or value.get("destroy") is True)


_OPTIONAL = (Parameter("cron_timezone"), Parameter("active", boolean), Parameter("inputs", inputs))


@blueprint.post(_SCHEDULES)
def create_schedule(identifier: str) -> ResponseReturnValue:
    """Creates a schedule, which the current user owns."""
    project = find_project(identifier)
    require_role(project, Role.DEVELOPER)
    attributes = read_parameters((*(Parameter(name, required=True) for name in _REQUIRED), *_OPTIONAL))
    attributes["inputs"] = _merged({}, attributes)
    schedule = PipelineSchedule(next(instance().schedule_ids), current_user(), now(), **attributes)
    _require_valid(schedule)
    project.schedules[schedule.id] = schedule
    return jsonify(_details(schedule)), 201


@blueprint.get(_SCHEDULE)
def show_schedule(identifier: str, number: int) -> Response:
    """Shows a schedule; its inputs and variables only for its owner and maintainers."""
    read_parameters()
    project, schedule = _found(identifier, number)
    details = _details(schedule)
    if _is_owners_or_maintainers(schedule, project):
        details["variables"] = []
        details["inputs"] = [{"name": name, "value": value} for name, value in schedule.inputs.items()]
    return jsonify(details)


@blueprint.put(_SCHEDULE)
def update_schedule(identifier: str, number: int) -> Response:
    """Updates a schedule; allowed for its owner and administrators."""
    project, schedule = _found(identifier, number)
    is_owner = schedule.owner is current_user() and role_in(project) >= Role.DEVELOPER
    if not (is_owner or current_user().administrator):
        raise forbidden()
    attributes = read_parameters((*map(Parameter, _REQUIRED), *_OPTIONAL))
    attributes["inputs"] = _merged(schedule.inputs, attributes)
    changed = PipelineSchedule(**{**vars(schedule), **attributes})
    _require_valid(changed)
    project.schedules[number] = changed
    return jsonify(_details(changed))


@blueprint.delete(_SCHEDULE)
def delete_schedule(identifier: str, number: int) -> ResponseReturnValue:
    """Deletes a schedule; allowed for its owner and maintainers."""
    read_parameters()
    project, schedule = _found(identifier, number)
    if not _is_owners_or_maintainers(schedule, project):
        raise forbidden()
    del project.schedules[number]
    return "", 204


def _details(schedule: PipelineSchedule) -> dict[str, Any]:
    """A schedule without inputs and variables, as in the response to a creation or an update."""
    return {
        "id": schedule.id,
        "description": schedule.description,
        "ref": schedule.ref,
        "cron": schedule.cron,
        "cron_timezone": schedule.cron_timezone,
        "active": schedule.active,
        "created_at": schedule.created_at,
        "owner": schedule.owner.summary,
    }


def _merged(former: dict[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    """The inputs after an update: unnamed ones are kept, and those to destroy are removed."""
    inputs = {**former, **attributes.get("inputs", {})}
    return {name: value for name, value in inputs.items() if value is not None}


def _found(identifier: str, number: int) -> tuple[Project, PipelineSchedule]:
    project = find_project(identifier)
    if number not in project.schedules or role_in(project) < Role.REPORTER:
        raise not_found("Pipeline Schedule")
    return project, project.schedules[number]


def _is_owners_or_maintainers(schedule: PipelineSchedule, project: Project) -> bool:
    """Whether the current user owns a schedule and is a developer, or is a maintainer."""
    least = Role.DEVELOPER if schedule.owner is current_user() else Role.MAINTAINER
    return role_in(project) >= least


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
        errors["inputs"] = [f"exceeds the limit of {INPUT_COUNT}."]
    if errors:
        raise invalid(errors)
