"""Every resource type from its making to its end, over moto's server."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.providers.values import UNKNOWN
from sandbox.services.aws.snapshot import snapshot
from tests.providers.aws.cases import CASES, Case, changed, trust
from tests.providers.aws.conftest import Made, Make


@pytest.fixture
def needed(make: Make, aws: Any) -> Callable[[Case], dict[str, Any]]:
    """Makes what a case needs; each time anew."""

    def bucket() -> str:
        return make("aws:s3/bucket:Bucket", {"forceDestroy": True}).id

    def group() -> str:
        return make("aws:ec2/securityGroup:SecurityGroup", {}).id

    def image() -> str:
        name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        return str(aws.invoke("aws:ssm/getParameter:getParameter", {"name": name})[0]["value"])

    def key() -> str:
        return str(make("aws:kms/key:Key", {}).outputs["arn"])

    def repository() -> str:
        return make("aws:ecr/repository:Repository", {}).id

    def role() -> str:
        return make("aws:iam/role:Role", {"assumeRolePolicy": trust("ec2.amazonaws.com")}).id

    def subnet() -> str:
        return str(aws.invoke("aws:ec2/getSubnets:getSubnets", {})[0]["ids"][0])

    def template() -> str:
        inputs = {"imageId": image(), "instanceType": "t3.large"}
        return make("aws:ec2/launchTemplate:LaunchTemplate", inputs).id

    makers = {maker.__name__: maker for maker in (bucket, group, image, key, repository, role, subnet, template)}
    return lambda case: {name: makers[name]() for name in case.needs}


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Each resource type in turn."""
    return request.param


@pytest.fixture
def base(case: Case, needed: Callable[[Case], dict[str, Any]]) -> dict[str, Any]:
    """The first inputs of the case."""
    return case.base(**needed(case))


@pytest.fixture
def made(case: Case, base: dict[str, Any], make: Make) -> Made:
    """The case's resource."""
    return make(case.token, base)


def test_every_type_has_a_case(aws: Any) -> None:
    assert {case.token for case in CASES} == {resource.token for resource in aws.resources}


def test_what_was_made_is_what_is_there(made: Made, base: dict[str, Any]) -> None:
    assert made.difference(base).changes == []
    state = made.read()
    assert state is not None
    assert state.inputs == made.inputs
    assert state.outputs == made.outputs
    assert [name for name in made.aws._resource(made.token).outputs if name not in made.outputs] == []


def test_update_in_place(case: Case, base: dict[str, Any], made: Made) -> None:
    if not case.update:
        pytest.skip("every change of it makes a new resource")
    inputs = changed(base, case.update)
    difference = made.difference(inputs)
    assert {change.property for change in difference.changes} - {"tagsAll"} == set(case.update)
    assert not any(change.replaces for change in difference.changes)
    updated = made.update(inputs)
    assert updated.difference(inputs).changes == []
    state = updated.read()
    assert state is not None
    assert state.inputs == updated.inputs
    assert state.outputs == updated.outputs


def test_replacement(case: Case, base: dict[str, Any], made: Made) -> None:
    changes = made.difference(changed(base, case.replacement)).changes
    assert tuple(change.path for change in changes if change.replaces) == case.replaces


def test_import(case: Case, base: dict[str, Any], made: Made) -> None:
    given = f"{made.inputs['bucket']}/{made.id}" if "bucketObject" in case.token else made.id
    state = made.imported(given)
    assert state.resource_id == made.id
    imported = Made(made.aws, made.token, made.name, state.resource_id, state.inputs, state.outputs)
    named = {name: made.inputs[name] for name in ("name", "bucket", "key") if name in made.inputs}
    assert {change.path for change in imported.difference({**named, **base}).changes} == set(case.lost)


def test_deleted_is_gone(made: Made) -> None:
    made.delete()
    if made.token.endswith("BucketVersioning"):
        assert made.read().inputs["versioningConfiguration"]["status"] == "Suspended"  # type: ignore[union-attr]
        return
    assert made.read() is None
    made.delete()


def test_preview_makes_nothing(case: Case, base: dict[str, Any], aws: Any, endpoint: str) -> None:
    inputs, _ = aws.check(case.token, "preview", {}, base, b"preview")
    before = snapshot(endpoint)
    resource_id, outputs = aws.create(case.token, inputs, preview=True)
    assert resource_id == ""
    assert {outputs[name] for name in aws._resource(case.token).outputs} <= {UNKNOWN}
    assert snapshot(endpoint) == before


@pytest.mark.parametrize("case", CASES, ids=str)
def test_unknown_property_is_refused_by_name(case: Case, failures: Any) -> None:
    found = failures(case.token, {"nonsense": True})
    assert ("nonsense", f"not a property of {case.token}") in [(one.path, one.reason) for one in found]
