"""How a preview is read."""

import itertools

import pytest
from pulumi_gitlab_runner.review.errors import PreviewError
from pulumi_gitlab_runner.review.preview import SECRET, read_preview

from tests.review.previews import preview, step, text

PARAMETER = "aws:ssm/parameter:Parameter"
ROLE = "aws:iam/role:Role"


def test_a_step_has_its_type_and_name() -> None:
    (read,) = preview(step("create", "aws:ecr/repository:Repository", "team/a::b", new={"name": "a"})).steps
    assert (read.type, read.name, read.new) == ("aws:ecr/repository:Repository", "team/a::b", {"name": "a"})


def test_a_secret_is_hidden_in_each_form_and_at_any_depth() -> None:
    marked = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": '"hunter2"',
    }
    read = preview(step("create", PARAMETER, new={"value": [{"deep": marked}], "other": "[secret]"}))
    assert "hunter2" not in repr(read)
    assert read.steps[0].new == {"value": [{"deep": SECRET}], "other": SECRET}


def test_a_replacement_is_counted_once() -> None:
    steps = [
        step(operation, PARAMETER, old={}, new={})
        for operation in (
            *("create-replacement", "import-replacement", "read-replacement", "replace"),
            *("delete-replaced", "discard-replaced", "remove-pending-replace"),
        )
    ]
    assert preview(*steps, step("same", PARAMETER, "other", {}, {})).counts == {"replace": 1}


def test_changed_properties_are_read_with_or_without_details() -> None:
    detailed = step(
        "update", PARAMETER, old={}, new={}, detailedDiff={"a.b": {"kind": "update"}}, diffReasons=["a"]
    )
    plain = step("update", PARAMETER, old={}, new={}, detailedDiff=None, diffReasons=["a"])
    assert [each.changed for each in preview(detailed, plain).steps] == [("a.b",), ("a",)]


def test_a_failed_preview_has_messages_and_no_steps() -> None:
    read = read_preview('{"diagnostics": [{"severity": "error", "message": "no"}]}')
    assert (read.steps, [(each.severity, each.text) for each in read.messages]) == ((), [("error", "no")])


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "hunter2",
        "[]",
        "1",
        "{}",
        '{"hunter2": 1}',
        '{"steps": 7}',
        '{"steps": [{"op": "same"}]}',
        '{"steps": [{"op": "same\\n/close", "urn": "urn:pulumi:s::p::a:b:c::n"}]}',
        '{"steps": [{"op": 1, "urn": "urn:pulumi:s::p::a:b:c::n"}]}',
        text(step("same", ROLE) | {"op": None}),
        text() + text(),
    ],
)
def test_other_text_is_refused_without_quoting_it(wrong: str) -> None:
    with pytest.raises(PreviewError, match="pulumi preview --json") as refused:
        read_preview(wrong)
    assert "hunter2" not in str(refused.value)


def test_the_order_of_the_engines_steps_makes_no_difference() -> None:
    """The engine registers independent resources in another order in each run."""
    names = [f"ci-{number}" for number in (1, 2, 10)]
    steps = [step("update", kind, name, {"a": 1}, {"a": 2}) for kind in (PARAMETER, ROLE) for name in names]
    expected = [(kind, name) for kind in (ROLE, PARAMETER) for name in names]
    for order in itertools.permutations(steps):
        assert [(each.type, each.name) for each in preview(*order).steps] == expected


def test_a_refreshed_resource_has_one_step() -> None:
    """`pulumi preview --refresh --show-sames` has two steps for each resource, in this order."""
    before, after = {"a": 1}, {"a": 2}
    steps = [
        step("refresh", PARAMETER, "kept", before, before),
        step("refresh", PARAMETER, "gone", before, before),
        step("refresh", ROLE, "changed", before, before),
        step("same", PARAMETER, "kept", before, before),
        step("delete", PARAMETER, "gone", before),
        step("update", ROLE, "changed", before, after),
    ]
    read = preview(*steps)
    assert [(each.operation, each.name) for each in read.steps] == [
        ("update", "changed"),
        ("delete", "gone"),
        ("same", "kept"),
    ]
    assert read.counts == {"update": 1, "delete": 1}


def test_a_resource_that_is_only_refreshed_does_not_change() -> None:
    read = preview(step("refresh", PARAMETER, "kept", {"a": 1}, {"a": 1}))
    assert (len(read.steps), read.changes, read.counts) == (1, (), {})


@pytest.mark.parametrize("inputs", ["text", [1], {"4dabf18193072939515e22adb298388d": "x"}])
def test_inputs_of_another_form_are_none(inputs: object) -> None:
    changed = {**step("update", PARAMETER), "oldState": {"inputs": inputs}, "newState": {"inputs": inputs}}
    (read,) = preview(changed).steps
    assert (read.old, read.new) == ({}, {})
