"""The life cycle of every resource type, over moto's server."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from sandbox.providers.aws.provider import Aws
from sandbox.standin.provider import official_class, official_properties
from sandbox.standin.values import UNKNOWN
from tests.providers.aws.cases import CASES, Case, changed
from tests.providers.aws.conftest import Made, Make
from tests.providers.aws.needs import needs


@pytest.fixture(scope="module")
def needed(make: Make, aws: Aws) -> Callable[[Case], dict[str, Any]]:
    """Creates what a case needs."""
    return needs(make, lambda token, arguments: aws.invoke(token, arguments)[0])


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Each resource type in turn."""
    return request.param


@pytest.fixture(scope="module")
def shared(case: Case, needed: Callable[[Case], dict[str, Any]], make: Make) -> Made:
    """The case's resource, for tests that do not change it."""
    return make(case.token, case.base(**needed(case)))


@pytest.fixture
def made(case: Case, needed: Callable[[Case], dict[str, Any]], make: Make) -> Made:
    """The case's resource, for a test that changes it."""
    return make(case.token, case.base(**needed(case)))


def test_every_type_has_a_case(aws: Aws) -> None:
    assert {case.token for case in CASES} == {resource.token for resource in aws.resources}


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """The names of the values that differ."""
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def test_a_created_resource_is_read_without_a_difference(case: Case, shared: Made) -> None:
    assert shared.difference(shared.given).changes == []
    state = shared.read()
    assert state is not None
    assert differing(state.inputs, shared.inputs) == set(case.rewritten)
    assert shared.aws.diff(shared.token, state.inputs, state.outputs, shared.inputs).changes == []
    assert state.outputs == shared.outputs
    assert [name for name in shared.aws._resource(shared.token).outputs if name not in shared.outputs] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.update], ids=str, scope="module")
def test_update_in_place(case: Case, made: Made) -> None:
    inputs = changed(made.given, case.update)
    difference = made.difference(inputs)
    assert {change.property for change in difference.changes} - {"tagsAll"} == set(case.update)
    assert not any(change.replaces for change in difference.changes)
    updated = made.update(inputs)
    assert updated.difference(inputs).changes == []
    state = updated.read()
    assert state is not None
    assert differing(state.inputs, updated.inputs) == set(case.rewritten)
    assert state.outputs == updated.outputs


def test_replacement(case: Case, shared: Made) -> None:
    changes = shared.difference(changed(shared.given, case.replacement)).changes
    assert tuple(change.path for change in changes if change.replaces) == case.replaces


def test_import(case: Case, shared: Made) -> None:
    given = case.import_id.format(id=shared.id, **shared.inputs)
    state = shared.imported(f"{given}@{shared.given['region']}" if "region" in shared.given else given)
    assert state.resource_id == shared.id
    imported = replace(shared, inputs=state.inputs, outputs=state.outputs)
    named = {name: shared.inputs[name] for name in ("name", "bucket", "key") if name in shared.inputs}
    assert {change.path for change in imported.difference({**named, **shared.given}).changes} == set(
        case.lost
    )


def test_a_deleted_resource_is_gone(case: Case, made: Made) -> None:
    made.delete()
    state = made.read()
    if case.left is None:
        assert state is None
        with pytest.raises(Exception, match=case.refuses) if case.refuses else nullcontext():
            made.delete()
    else:
        assert state is not None
        assert {name: state.inputs[name] for name in case.left} == case.left


def test_a_preview_knows_no_outputs(shared: Made, aws: Aws) -> None:
    inputs, _ = aws.check(shared.token, "preview", {}, shared.given, b"preview")
    resource_id, outputs = aws.create(shared.token, inputs, preview=True)
    assert resource_id == ""
    assert {outputs[name] for name in aws._resource(shared.token).outputs} <= {UNKNOWN}


def test_every_property_is_one_of_the_official_provider(aws: Aws) -> None:
    for resource in aws.resources:
        assert set(resource.inputs) - {"tagsAll"} <= official_properties(*official_class(resource.token))
