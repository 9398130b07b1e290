"""What is special about schedules: their inputs, their owner, and their variables."""

import pytest

from sandbox.providers.standin import Refused

SCHEDULE = {"project": "7", "cron": "0 4 * * *", "description": "drift", "ref": "refs/heads/main"}
VARIABLE = {"project": "7", "pipelineScheduleId": 1, "key": "STACK", "value": "prod"}


def test_its_number_and_owner_are_told(stack):
    made = stack.make("PipelineSchedule", SCHEDULE)
    assert (made.outputs["pipelineScheduleId"], made.outputs["owner"]) == (1, 1)


def test_an_input_that_is_no_longer_given_is_gone(stack):
    both = [{"name": "stack", "value": "prod"}, {"name": "size", "value": "2"}]
    made = stack.make("PipelineSchedule", {**SCHEDULE, "inputs": both})
    assert stack.changes("PipelineSchedule", made, {**SCHEDULE, "inputs": both[::-1]}) == {}
    stack.change("PipelineSchedule", made, {**SCHEDULE, "inputs": both[:1]})
    assert stack.by_hand("GET", "projects/7/pipeline_schedules/1")["inputs"] == both[:1]


def test_a_short_name_of_a_branch_is_refused(stack):
    _, failures = stack.check("PipelineSchedule", {**SCHEDULE, "ref": "main"})
    assert failures == [
        'ref: "main" is not allowed; allowed is the full name of a branch or tag, such as refs/heads/main'
    ]


def test_a_variable_is_made_read_changed_and_removed(stack):
    stack.make("PipelineSchedule", SCHEDULE)
    made = stack.make("PipelineScheduleVariable", VARIABLE)
    assert made.id == "7:1:STACK"
    assert stack.changes("PipelineScheduleVariable", made, VARIABLE) == {}
    wanted = {**VARIABLE, "value": "dev", "variableType": "file"}
    assert stack.changes("PipelineScheduleVariable", made, wanted) == {"value": False, "variableType": False}
    stack.change("PipelineScheduleVariable", made, wanted)
    imported = stack.import_("PipelineScheduleVariable", made.id)
    assert imported.outputs.items() >= wanted.items()
    for replaced in ({"key": "OTHER"}, {"project": "8"}, {"pipelineScheduleId": 2}):
        assert set(stack.changes("PipelineScheduleVariable", made, {**VARIABLE, **replaced}).values()) == {
            True
        }
    stack.delete("PipelineScheduleVariable", made)
    assert stack.read("PipelineScheduleVariable", made) is None


def test_a_variable_goes_with_its_schedule(stack):
    schedule = stack.make("PipelineSchedule", SCHEDULE)
    made = stack.make("PipelineScheduleVariable", VARIABLE)
    stack.delete("PipelineSchedule", schedule)
    assert stack.read("PipelineScheduleVariable", made) is None


@pytest.mark.parametrize(
    ("kind", "resource_id"),
    [("PipelineSchedule", "7"), ("PipelineScheduleVariable", "7:1"), ("PipelineScheduleVariable", "STACK")],
)
def test_what_is_no_id_is_refused(stack, kind, resource_id):
    with pytest.raises(Refused, match="is not the id of a schedule"):
        stack.import_(kind, resource_id)
