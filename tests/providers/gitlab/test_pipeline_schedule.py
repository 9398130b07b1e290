"""Schedules: their inputs and their owner."""

import pytest

from sandbox.standin.provider import Refused

SCHEDULE = {"project": "7", "cron": "0 4 * * *", "description": "drift", "ref": "refs/heads/main"}


def test_its_id_and_owner_are_outputs(stack):
    made = stack.make("PipelineSchedule", SCHEDULE)
    assert (made.outputs["pipelineScheduleId"], made.outputs["owner"]) == (1, 1)


def test_an_input_that_is_no_longer_given_is_removed(stack):
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


def test_an_invalid_id_is_refused(stack):
    with pytest.raises(Refused, match="is not the id of a schedule"):
        stack.import_("PipelineSchedule", "7")
