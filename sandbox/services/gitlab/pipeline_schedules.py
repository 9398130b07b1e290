"""Pipeline schedules and their variables. No pipeline is ever run.

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
from sandbox.services.gitlab.pages import page_of
from sandbox.services.gitlab.parameters import PAGINATION, Parameter, boolean, read_parameters
from sandbox.services.gitlab.refusals import forbidden, invalid, not_found
from sandbox.services.gitlab.state import PipelineSchedule, Project, Role, Variable
from sandbox.services.gitlab.variables import KEY

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
_VARIABLE_TYPE = Parameter("variable_type", values=("env_var", "file"))


@blueprint.get(_SCHEDULES)
def list_schedules(identifier: str) -> Response:
    """Every schedule of a project, without their variables."""
    project = find_project(identifier)
    require_role(project, Role.DEVELOPER)
    schedules = [schedule_details(schedule) for schedule in project.schedules.values()]
    return page_of(schedules, read_parameters(PAGINATION))


@blueprint.post(_SCHEDULES)
def create_schedule(identifier: str) -> ResponseReturnValue:
    """Makes a schedule that the current user owns."""
    project = find_project(identifier)
    require_role(project, Role.DEVELOPER)
    attributes = read_parameters((*(Parameter(name, required=True) for name in _REQUIRED), *_OPTIONAL))
    schedule = PipelineSchedule(next(instance().schedule_ids), current_user(), now(), **attributes)
    _require_valid(schedule)
    project.schedules[schedule.id] = schedule
    return jsonify(_with_variables(schedule)), 201


@blueprint.get(_SCHEDULE)
def show_schedule(identifier: str, number: int) -> Response:
    """One schedule, with its variables."""
    read_parameters()
    return jsonify(_with_variables(_found(identifier, number)[1]))


@blueprint.put(_SCHEDULE)
def update_schedule(identifier: str, number: int) -> Response:
    """Changes a schedule: its owner may, and a maintainer."""
    project, schedule = _found(identifier, number)
    _require_owner(schedule, or_maintainer_of=project)
    attributes = read_parameters((*map(Parameter, _REQUIRED), *_OPTIONAL))
    changed = PipelineSchedule(**{**vars(schedule), **attributes})
    _require_valid(changed)
    project.schedules[number] = changed
    return jsonify(_with_variables(changed))


@blueprint.delete(_SCHEDULE)
def delete_schedule(identifier: str, number: int) -> ResponseReturnValue:
    """Removes a schedule with its variables."""
    read_parameters()
    project, schedule = _found(identifier, number)
    _require_owner(schedule, or_maintainer_of=project)
    del project.schedules[number]
    return "", 204


@blueprint.post(f"{_SCHEDULE}/take_ownership")
def take_ownership(identifier: str, number: int) -> ResponseReturnValue:
    """Makes the current user the owner; for maintainers."""
    read_parameters()
    project, schedule = _found(identifier, number)
    require_role(project, Role.MAINTAINER)
    schedule.owner = current_user()
    return jsonify(_with_variables(schedule)), 201


@blueprint.post(f"{_SCHEDULE}/variables")
def create_variable(identifier: str, number: int) -> ResponseReturnValue:
    """Adds a variable; only the owner may."""
    _, schedule = _found(identifier, number)
    _require_owner(schedule)
    attributes = read_parameters(
        (Parameter("key", required=True), Parameter("value", required=True), _VARIABLE_TYPE)
    )
    variable = Variable(**attributes)
    if not KEY.fullmatch(variable.key):
        raise invalid({"key": ["can contain only letters, digits and '_'."]})
    if any(variable.key == other.key for other in schedule.variables):
        raise invalid({"key": ["has already been taken"]})
    schedule.variables.append(variable)
    return jsonify(variable_details(variable)), 201


@blueprint.put(f"{_SCHEDULE}/variables/<key>")
def update_variable(identifier: str, number: int, key: str) -> Response:
    """Changes a variable; only the owner may."""
    _, schedule = _found(identifier, number)
    _require_owner(schedule)
    attributes = read_parameters((Parameter("value"), _VARIABLE_TYPE))
    variable = _variable(schedule, key)
    variable.value = attributes.get("value", variable.value)
    variable.variable_type = attributes.get("variable_type", variable.variable_type)
    return jsonify(variable_details(variable))


@blueprint.delete(f"{_SCHEDULE}/variables/<key>")
def delete_variable(identifier: str, number: int, key: str) -> ResponseReturnValue:
    """Removes a variable; its owner may, and a maintainer."""
    read_parameters()
    project, schedule = _found(identifier, number)
    _require_owner(schedule, or_maintainer_of=project)
    variable = _variable(schedule, key)
    schedule.variables.remove(variable)
    return jsonify(variable_details(variable)), 202


def schedule_details(schedule: PipelineSchedule) -> dict[str, Any]:
    """A schedule as the API shows it in a list."""
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
    }


def variable_details(variable: Variable) -> dict[str, Any]:
    """A variable of a schedule as the API shows it."""
    return {"variable_type": variable.variable_type, "key": variable.key, "value": variable.value}


def _with_variables(schedule: PipelineSchedule) -> dict[str, Any]:
    return schedule_details(schedule) | {
        "variables": [variable_details(variable) for variable in schedule.variables],
        "inputs": [{"name": name, "value": value} for name, value in schedule.inputs.items()],
    }


def _found(identifier: str, number: int) -> tuple[Project, PipelineSchedule]:
    project = find_project(identifier)
    require_role(project, Role.DEVELOPER)
    if number not in project.schedules:
        raise not_found("Pipeline Schedule")
    return project, project.schedules[number]


def _variable(schedule: PipelineSchedule, key: str) -> Variable:
    for variable in schedule.variables:
        if variable.key == key:
            return variable
    raise not_found("Variable")


def _require_owner(schedule: PipelineSchedule, or_maintainer_of: Project | None = None) -> None:
    if schedule.owner is current_user():
        return
    if or_maintainer_of is None or role_in(or_maintainer_of) < Role.MAINTAINER:
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
