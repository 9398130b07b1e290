"""Variables: masking, hiding, scopes, and what an update sends."""

import pytest

from sandbox.standin.provider import Refused
from sandbox.standin.values import UNKNOWN
from tests.providers.gitlab.stack import token

CANARY = "canary of a value"
PROJECT = {"project": "7", "key": "KEY", "value": "a value"}
HIDDEN = {**PROJECT, "value": "maskable", "masked": True, "hidden": True}
KINDS = [
    ("ProjectVariable", {"project": "7", "key": "KEY"}),
    ("GroupVariable", {"group": "42", "key": "KEY"}),
    ("InstanceVariable", {"key": "KEY"}),
]


@pytest.mark.parametrize(("kind", "inputs"), KINDS)
def test_a_refused_value_is_not_in_the_message(stack, kind, inputs):
    with pytest.raises(Refused) as refusal:
        stack.make(kind, {**inputs, "value": CANARY, "masked": True})
    assert str(refusal.value).endswith("variables: GitLab answered 400: value is invalid")


@pytest.mark.parametrize(("kind", "inputs"), KINDS)
def test_a_value_of_the_wrong_type_is_not_in_the_message(stack, kind, inputs):
    _, failures = stack.check(kind, {**inputs, "value": [CANARY]})
    assert failures == ["value: the value, which is not shown, is not allowed; allowed is a string"]


@pytest.mark.parametrize(("kind", "inputs"), KINDS)
@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"key": "A-B"}, 'key: "A-B" is not allowed; allowed is a string of letters, digits and _'),
        ({"key": ""}, 'key: "" is not allowed; allowed is a string of at least 1 characters'),
        (
            {"variableType": "secret"},
            'variableType: "secret" is not allowed; allowed is env_var or file',
        ),
        ({"masked": "perhaps"}, 'masked: "perhaps" is not allowed; allowed is true or false'),
    ],
)
def test_values_that_are_not_allowed(stack, kind, inputs, change, failure):
    assert stack.check(kind, {"value": "v", **inputs, **change})[1] == [failure]


@pytest.mark.parametrize("name", ["hidden", "environmentScope"])
def test_instance_variables_have_neither_scope_nor_hiding(stack, name):
    _, failures = stack.check("InstanceVariable", {"key": "KEY", "value": "v", name: "*"})
    assert failures == [f"{name}: not a property of {token('InstanceVariable')}"]


@pytest.mark.parametrize(("kind", "inputs"), KINDS)
def test_a_preview_with_a_value_that_is_not_known(stack, kind, inputs):
    checked, failures = stack.check(kind, {**inputs, "value": UNKNOWN})
    assert failures == []
    _, outputs = stack.provider.create(token(kind), checked, preview=True)
    assert (outputs["value"], outputs["key"]) == (UNKNOWN, "KEY")
    made = stack.make(kind, {**inputs, "value": "a value"})
    assert stack.changes(kind, made, {**inputs, "value": UNKNOWN}) == {"value": False}
    assert stack.read(kind, made).outputs["value"] == "a value"


class TestHidden:
    def test_the_state_keeps_its_value(self, stack):
        made = stack.make("ProjectVariable", HIDDEN)
        assert made.outputs["value"] == "maskable"
        assert stack.by_hand("GET", "projects/7/variables/KEY")["value"] is None
        read = stack.read("ProjectVariable", made)
        assert (read.inputs, read.outputs) == (made.inputs, made.outputs)

    def test_a_new_value_is_sent(self, stack):
        made = stack.make("ProjectVariable", HIDDEN)
        changed = stack.change("ProjectVariable", made, {**HIDDEN, "value": "maskable-too"})
        assert changed.outputs["value"] == "maskable-too"

    def test_an_import_has_no_value(self, stack):
        made = stack.make("ProjectVariable", HIDDEN)
        imported = stack.import_("ProjectVariable", made.id)
        assert imported.outputs["hidden"] is True
        assert "value" not in imported.outputs

    @pytest.mark.parametrize("masked", [{}, {"masked": False}])
    def test_it_must_be_masked(self, stack, masked):
        _, failures = stack.check("ProjectVariable", {**PROJECT, "hidden": True, **masked})
        assert failures == ["hidden: a variable cannot be hidden without being masked; set masked to true"]


class TestScopes:
    def test_two_scopes_of_one_key_are_two_variables(self, stack):
        everywhere = stack.make("ProjectVariable", PROJECT)
        production = stack.make(
            "ProjectVariable", {**PROJECT, "environmentScope": "production/*", "value": "special"}
        )
        assert production.id == "7:KEY:production/*"
        stack.delete("ProjectVariable", everywhere)
        assert stack.read("ProjectVariable", production).outputs["value"] == "special"
        assert stack.import_("ProjectVariable", production.id).inputs["environmentScope"] == "production/*"

    def test_an_id_without_a_scope_means_all(self, stack):
        stack.make("ProjectVariable", PROJECT)
        assert stack.import_("ProjectVariable", "7:KEY").inputs["environmentScope"] == "*"

    def test_the_same_scope_twice_is_refused(self, stack):
        stack.make("ProjectVariable", PROJECT)
        with pytest.raises(Refused, match=r"key \(KEY\) has already been taken"):
            stack.make("ProjectVariable", PROJECT)

    @pytest.mark.parametrize("resource_id", ["KEY", "7:", ":KEY:*"])
    def test_an_invalid_id_is_refused(self, stack, resource_id):
        with pytest.raises(Refused, match="PROJECT_OR_GROUP:KEY:ENVIRONMENT_SCOPE is expected"):
            stack.import_("ProjectVariable", resource_id)


def test_an_update_resets_omitted_inputs(stack):
    """As in the official provider, omitting `masked` is not a change, but the next change resets it."""
    made = stack.make("ProjectVariable", {**PROJECT, "value": "maskable", "masked": True, "protected": True})
    assert stack.changes("ProjectVariable", made, {**PROJECT, "value": "maskable"}) == {}
    wanted = {**PROJECT, "value": "another"}
    checked, _ = stack.check("ProjectVariable", wanted, made)
    preview = stack.provider.update(
        token("ProjectVariable"), made.id, made.inputs, made.outputs, checked, preview=True
    )
    assert preview["masked"] is UNKNOWN
    changed = stack.change("ProjectVariable", made, wanted)
    assert (changed.outputs["masked"], changed.outputs["protected"]) == (False, True)
