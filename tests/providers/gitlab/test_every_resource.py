"""Each resource type: created, read, updated, replaced, deleted, imported, changed by hand."""

import pytest

from tests.providers.gitlab.cases import CASES


@pytest.fixture(params=CASES, ids=lambda case: f"{case.kind}-{case.id}")
def case(request):
    return request.param


def of_each(attribute):
    return pytest.mark.parametrize(
        ("case", "change"),
        [
            pytest.param(case, change, id=f"{case.kind}-{case.id}-{'-'.join(change)}")
            for case in CASES
            for change in getattr(case, attribute)
        ],
    )


def test_a_created_resource_is_read_without_a_difference(stack, case):
    made = stack.make(case.kind, case.inputs)
    assert made.id == case.id
    assert made.outputs.items() >= case.inputs.items()
    read = stack.read(case.kind, made)
    assert (read.inputs, read.outputs) == (made.inputs, made.outputs)
    assert stack.changes(case.kind, made, case.inputs) == {}


@of_each("updates")
def test_updates_in_place(stack, case, change):
    made = stack.make(case.kind, case.inputs)
    wanted = {**case.inputs, **change}
    changes = stack.changes(case.kind, made, wanted)
    assert changes == dict.fromkeys(change, False)
    changed = stack.change(case.kind, made, wanted)
    assert changed.outputs.items() >= wanted.items()
    assert stack.changes(case.kind, changed, wanted) == {}
    assert stack.import_(case.kind, case.id).outputs.items() >= change.items()


@of_each("replaces")
def test_replacements(stack, case, change):
    made = stack.make(case.kind, case.inputs)
    changes = stack.changes(case.kind, made, {**case.inputs, **change})
    assert {path for path, replaces in changes.items() if replaces} == set(change) - {"masked", "value"}


def test_a_deleted_resource_is_gone(stack, case):
    made = stack.make(case.kind, case.inputs)
    stack.delete(case.kind, made)
    assert stack.read(case.kind, made) is None
    stack.delete(case.kind, made)


def test_a_resource_that_was_deleted_by_hand_is_gone(stack, case):
    made = stack.make(case.kind, case.inputs)
    stack.by_hand("DELETE", case.path)
    assert stack.read(case.kind, made) is None


def test_an_import_reads_the_resource(stack, case):
    made = stack.make(case.kind, case.inputs)
    imported = stack.import_(case.kind, case.id)
    assert imported.resource_id == case.id
    assert imported.outputs.items() >= case.inputs.items()
    assert imported.inputs.items() >= case.inputs.items()
    made.inputs, made.outputs = imported.inputs, imported.outputs
    assert stack.changes(case.kind, made, case.inputs) == {}


def test_an_import_of_a_missing_resource(stack, case):
    assert stack.import_(case.kind, case.id) is None


def test_a_change_by_hand_is_found_and_undone(stack, case):
    body, seen = case.drift
    made = stack.make(case.kind, case.inputs)
    stack.by_hand("PUT", case.path, **body)
    read = stack.read(case.kind, made)
    assert read.outputs.items() >= seen.items()
    made.inputs, made.outputs = read.inputs, read.outputs
    wanted = dict.fromkeys(seen, False) | case.inputs
    assert stack.changes(case.kind, made, wanted) == dict.fromkeys(seen, False)
    stack.change(case.kind, made, wanted)
    assert stack.read(case.kind, made).outputs.items() >= case.inputs.items()


def test_an_unknown_property_is_refused_by_name(stack, case):
    _, failures = stack.check(case.kind, {**case.inputs, "colour": "red"})
    assert failures == [
        f"colour: not a property of gitlab:index/{case.kind[0].lower()}{case.kind[1:]}:{case.kind}"
    ]


def test_a_missing_property_is_refused_by_name(stack, case):
    for required in ("key", "value", "project", "group", "runnerType"):
        if required in case.inputs:
            _, failures = stack.check(
                case.kind, {name: case.inputs[name] for name in case.inputs if name != required}
            )
            assert f"{required}: a value is required, and none was given" in failures
