"""Every resource type from its making to its end, over moto's server."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from sandbox.providers.aws.provider import Aws
from sandbox.standin.provider import official_class, official_properties
from sandbox.standin.values import UNKNOWN
from tests.providers.aws.cases import CASES, Case, archive, changed, trust
from tests.providers.aws.conftest import Made, Make

COMPONENT, RECIPE, INFRASTRUCTURE, DISTRIBUTION = (
    next(each for each in CASES if each.token.endswith(f":{kind}"))
    for kind in ("Component", "ImageRecipe", "InfrastructureConfiguration", "DistributionConfiguration")
)


@pytest.fixture(scope="module")
def needed(make: Make, aws: Aws) -> Callable[[Case], dict[str, Any]]:
    """Makes what a case needs: anew where the case changes it, and once where it does not."""

    def bucket() -> str:
        return make("aws:s3/bucket:Bucket", {"forceDestroy": True}).id

    def group() -> str:
        return make("aws:ec2/securityGroup:SecurityGroup", {}).id

    def repository() -> str:
        return make("aws:ecr/repository:Repository", {}).id

    @cache
    def image() -> str:
        name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        return str(aws.invoke("aws:ssm/getParameter:getParameter", {"name": name})[0]["value"])

    @cache
    def key() -> str:
        return str(make("aws:kms/key:Key", {}).outputs["arn"])

    @cache
    def role() -> str:
        return make("aws:iam/role:Role", {"assumeRolePolicy": trust("ec2.amazonaws.com")}).id

    @cache
    def subnet() -> str:
        return str(aws.invoke("aws:ec2/getSubnets:getSubnets", {})[0]["ids"][0])

    @cache
    def template() -> str:
        inputs = {"imageId": image(), "instanceType": "t3.large"}
        return make("aws:ec2/launchTemplate:LaunchTemplate", inputs).id

    def vpc() -> str:
        return make("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}).id

    def address() -> str:
        return make("aws:ec2/eip:Eip", {}).id

    def routes() -> str:
        return make("aws:ec2/routeTable:RouteTable", {"vpcId": vpc()}).id

    def gateway() -> str:
        return make("aws:ec2/internetGateway:InternetGateway", {"vpcId": vpc()}).id

    def network() -> dict[str, str]:
        """A VPC with a subnet and a route table."""
        made = vpc()
        inside = make("aws:ec2/subnet:Subnet", {"vpcId": made, "cidrBlock": "10.0.1.0/24"})
        table = make("aws:ec2/routeTable:RouteTable", {"vpcId": made})
        return {"vpc": made, "subnet": inside.id, "table": table.id}

    def log_group() -> str:
        return str(make("aws:cloudwatch/logGroup:LogGroup", {}).outputs["arn"])

    def secret() -> str:
        return make("aws:secretsmanager/secret:Secret", {}).id

    @cache
    def function_role() -> str:
        """A role that functions take on."""
        trusts = {"assumeRolePolicy": trust("lambda.amazonaws.com")}
        return str(make("aws:iam/role:Role", trusts).outputs["arn"])

    @cache
    def function() -> str:
        """A function that returns the event."""
        code = archive("def handler(event, context):\n    return event\n")
        settings = {"runtime": "python3.13", "handler": "demo.handler", "role": function_role()}
        return make("aws:lambda/function:Function", {"code": code, **settings}).id

    @cache
    def scaled() -> str:
        """An Auto Scaling group."""
        launched = {"launchTemplate": {"id": template()}, "vpcZoneIdentifiers": [subnet()]}
        return make("aws:autoscaling/group:Group", {"minSize": 0, "maxSize": 9, **launched}).id

    @cache
    def component() -> str:
        """A component of machine images."""
        return make(COMPONENT.token, COMPONENT.base()).id

    def build() -> dict[str, str]:
        """What a pipeline of machine images needs."""
        return {
            "recipe": make(RECIPE.token, RECIPE.base(component())).id,
            "infrastructure": make(INFRASTRUCTURE.token, INFRASTRUCTURE.base()).id,
            "distribution": make(DISTRIBUTION.token, DISTRIBUTION.base()).id,
        }

    makers: Sequence[Callable[[], Any]] = (
        bucket,
        group,
        repository,
        image,
        key,
        role,
        subnet,
        template,
        function_role,
        function,
        scaled,
        secret,
        vpc,
        address,
        routes,
        gateway,
        network,
        log_group,
        component,
        build,
    )
    by_name = {maker.__name__: maker for maker in makers}
    return lambda case: {name: by_name[name]() for name in case.needs}


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Each resource type in turn."""
    return request.param


@pytest.fixture(scope="module")
def standing(case: Case, needed: Callable[[Case], dict[str, Any]], make: Make) -> Made:
    """The case's resource, for tests that do not change it."""
    return make(case.token, case.base(**needed(case)))


@pytest.fixture
def made(case: Case, needed: Callable[[Case], dict[str, Any]], make: Make) -> Made:
    """The case's resource, for a test that changes it."""
    return make(case.token, case.base(**needed(case)))


def test_every_type_has_a_case(aws: Aws) -> None:
    assert {case.token for case in CASES} == {resource.token for resource in aws.resources}


def test_what_was_made_is_what_is_there(standing: Made) -> None:
    assert standing.difference(standing.given).changes == []
    state = standing.read()
    assert state is not None
    assert state.inputs == standing.inputs
    assert state.outputs == standing.outputs
    assert [
        name for name in standing.aws._resource(standing.token).outputs if name not in standing.outputs
    ] == []


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
    assert state.inputs == updated.inputs
    assert state.outputs == updated.outputs


def test_replacement(case: Case, standing: Made) -> None:
    changes = standing.difference(changed(standing.given, case.replacement)).changes
    assert tuple(change.path for change in changes if change.replaces) == case.replaces


def test_import(case: Case, standing: Made) -> None:
    given = case.import_id.format(id=standing.id, **standing.inputs)
    state = standing.imported(f"{given}@{standing.given['region']}" if "region" in standing.given else given)
    assert state.resource_id == standing.id
    imported = replace(standing, inputs=state.inputs, outputs=state.outputs)
    named = {name: standing.inputs[name] for name in ("name", "bucket", "key") if name in standing.inputs}
    assert {change.path for change in imported.difference({**named, **standing.given}).changes} == set(
        case.lost
    )


def test_deleted_is_gone(case: Case, made: Made) -> None:
    made.delete()
    state = made.read()
    if case.left is None:
        assert state is None
        made.delete()
    else:
        assert state is not None
        assert {name: state.inputs[name] for name in case.left} == case.left


def test_preview_knows_no_outputs(standing: Made, aws: Aws) -> None:
    inputs, _ = aws.check(standing.token, "preview", {}, standing.given, b"preview")
    resource_id, outputs = aws.create(standing.token, inputs, preview=True)
    assert resource_id == ""
    assert {outputs[name] for name in aws._resource(standing.token).outputs} <= {UNKNOWN}


def test_every_property_is_one_of_the_official_provider(aws: Aws) -> None:
    for resource in aws.resources:
        assert set(resource.inputs) - {"tagsAll"} <= official_properties(*official_class(resource.token))
