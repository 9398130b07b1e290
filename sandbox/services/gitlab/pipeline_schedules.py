"""The pipeline schedules API, without variables. Schedules do not run pipelines.

Sources: GitLab's `lib/api/ci/pipeline_schedules.rb`, `lib/api/entities/ci/pipeline_schedule.rb`,
`app/policies/ci/pipeline_schedule_policy.rb`, `app/models/ci/pipeline_schedule.rb` and
`app/services/ci/pipeline_schedules`. Stricter than GitLab: `ref` must be the full name of a branch or tag,
which the provider requires too, a cron expression has five fields of numbers and names, and a time zone is an
IANA name. Simpler: no branch is protected.
"""

import re
from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

from sandbox.services.gitlab.access import current_user, instance, role_in
from sandbox.services.gitlab.clock import now
from sandbox.services.gitlab.endpoints import endpoint
from sandbox.services.gitlab.parameters import Parameter, boolean
from sandbox.services.gitlab.refusals import forbidden, not_found
from sandbox.services.gitlab.state import PipelineSchedule, Project, Role
from sandbox.services.gitlab.validation import blank, require_valid

REF = re.compile(r"refs/(heads|tags)/\S+")
CRON = re.compile(r"([0-9A-Za-z*/,\-]+ +){4}[0-9A-Za-z*/,\-]+")
INPUT_COUNT = 20

_SCHEDULES = "/projects/<path:project>/pipeline_schedules"
_SCHEDULE = f"{_SCHEDULES}/<int:number>"
_REQUIRED = ("description", "ref", "cron")


def inputs(value: Any) -> dict[str, Any]:
    """The inputs by name, from a list; None for an input to destroy."""
    if not isinstance(value, list) or not all(map(_is_input, value)):
        raise ValueError
    return {each["name"]: None if each.get("destroy") else each["value"] for each in value}


def _is_input(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value and ("value" in value or value.get("destroy") is True)


_OPTIONAL = (Parameter("cron_timezone"), Parameter("active", boolean), Parameter("inputs", inputs))


@endpoint(
    f"POST {_SCHEDULES}",
    *(Parameter(name, required=True) for name in _REQUIRED),
    *_OPTIONAL,
    role=Role.DEVELOPER,
    status=201,
)
def create_schedule(project: Project, asked: dict[str, Any]) -> dict[str, Any]:
    """Creates a schedule, which the current user owns."""
    asked["inputs"] = _merged({}, asked)
    schedule = PipelineSchedule(next(instance().schedule_ids), current_user(), now(), **asked)
    _check(schedule)
    project.schedules[schedule.id] = schedule
    return _details(schedule)


@endpoint(f"GET {_SCHEDULE}")
def show_schedule(project: Project, number: int) -> dict[str, Any]:
    """Shows a schedule; its inputs and variables only for its owner and maintainers."""
    schedule = _found(project, number)
    details = _details(schedule)
    if _is_owners_or_maintainers(schedule, project):
        details["variables"] = []
        details["inputs"] = [{"name": name, "value": value} for name, value in schedule.inputs.items()]
    return details


@endpoint(f"PUT {_SCHEDULE}", *map(Parameter, _REQUIRED), *_OPTIONAL)
def update_schedule(project: Project, number: int, asked: dict[str, Any]) -> dict[str, Any]:
    """Updates a schedule; allowed for its owner and administrators."""
    schedule = _found(project, number)
    is_owner = schedule.owner is current_user() and role_in(project) >= Role.DEVELOPER
    if not (is_owner or current_user().administrator):
        raise forbidden()
    changed = replace(schedule, **asked | {"inputs": _merged(schedule.inputs, asked)})
    _check(changed)
    project.schedules[number] = changed
    return _details(changed)


@endpoint(f"DELETE {_SCHEDULE}")
def delete_schedule(project: Project, number: int) -> None:
    """Deletes a schedule; allowed for its owner and maintainers."""
    if not _is_owners_or_maintainers(_found(project, number), project):
        raise forbidden()
    del project.schedules[number]


def _details(schedule: PipelineSchedule) -> dict[str, Any]:
    """A schedule without inputs and variables, as in the response to a creation or an update."""
    details = vars(schedule) | {"owner": schedule.owner.summary}
    del details["inputs"]
    return details


def _merged(former: dict[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    """The inputs after an update: unnamed ones are kept, and those to destroy are removed."""
    inputs = {**former, **attributes.get("inputs", {})}
    return {name: value for name, value in inputs.items() if value is not None}


def _found(project: Project, number: int) -> PipelineSchedule:
    if number not in project.schedules or role_in(project) < Role.REPORTER:
        raise not_found("Pipeline Schedule")
    return project.schedules[number]


def _is_owners_or_maintainers(schedule: PipelineSchedule, project: Project) -> bool:
    """Whether the current user owns a schedule and is a developer, or is a maintainer."""
    least = Role.DEVELOPER if schedule.owner is current_user() else Role.MAINTAINER
    return role_in(project) >= least


def _check(schedule: PipelineSchedule) -> None:
    bad_syntax = [" is invalid syntax"]
    too_many = len(schedule.inputs) > INPUT_COUNT
    require_valid(
        {
            "description": blank(schedule.description),
            "ref": [] if REF.fullmatch(schedule.ref) else ["is ambiguous"],
            "cron": [] if CRON.fullmatch(schedule.cron.strip()) else bad_syntax,
            "cron_timezone": [] if schedule.cron_timezone in available_timezones() else bad_syntax,
            "inputs": [f"exceeds the limit of {INPUT_COUNT}."] if too_many else [],
        }
    )
