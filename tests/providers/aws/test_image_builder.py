"""The double of Image Builder: the result of a build, and what is refused."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from sandbox.providers.aws.provider import Aws
from tests.providers.aws.cases import AMAZON_LINUX, CASES, Case
from tests.providers.aws.conftest import Made, Make

COMPONENT, RECIPE, INFRASTRUCTURE, DISTRIBUTION, PIPELINE = (
    next(each for each in CASES if each.token.endswith(f":{kind}"))
    for kind in (
        "Component",
        "ImageRecipe",
        "InfrastructureConfiguration",
        "DistributionConfiguration",
        "ImagePipeline",
    )
)


@pytest.fixture
def pipeline(make: Make) -> dict[str, Made]:
    """A pipeline and its parts."""
    return pipeline_to(make, f"/imagebuilder/{uuid4().hex}")


def pipeline_to(make: Make, parameter: str) -> dict[str, Made]:
    """A pipeline whose images a parameter names."""
    component = make(COMPONENT.token, COMPONENT.base())
    made = {
        "component": component,
        "recipe": make(RECIPE.token, RECIPE.base(component.id)),
        "infrastructure": make(INFRASTRUCTURE.token, INFRASTRUCTURE.base()),
        "distribution": make(DISTRIBUTION.token, distribution(parameter)),
    }
    build = {name: each.id for name, each in made.items()}
    return {**made, "pipeline": make(PIPELINE.token, PIPELINE.base(build))}


def distribution(parameter: str) -> dict[str, Any]:
    """A distribution that names its images in a parameter."""
    inputs = DISTRIBUTION.base()
    (target,) = inputs["distributions"]
    target["ssmParameterConfigurations"][0]["parameterName"] = parameter
    return inputs


def test_a_build_makes_an_image_that_the_parameter_names(
    pipeline: dict[str, Made], client: Callable[[str], Any], aws: Aws
) -> None:
    parameter = pipeline["distribution"].inputs["distributions"][0]["ssmParameterConfigurations"][0]
    named = []
    for _ in range(2):
        client("imagebuilder").start_image_pipeline_execution(imagePipelineArn=pipeline["pipeline"].id)
        found, _ = aws.invoke("aws:ssm/getParameter:getParameter", {"name": parameter["parameterName"]})
        named.append(found["insecureValue"])
    first, second = client("ec2").describe_images(ImageIds=named)["Images"]
    assert first["ImageId"] != second["ImageId"]
    assert {"Key": "CreatedBy", "Value": "EC2 Image Builder"} in first["Tags"]


def test_image_builder_writes_only_its_own_parameters(make: Make, client: Callable[[str], Any]) -> None:
    made = pipeline_to(make, "/ci/image")
    with pytest.raises(ClientError, match="ForbiddenException"):
        client("imagebuilder").start_image_pipeline_execution(imagePipelineArn=made["pipeline"].id)


@pytest.mark.parametrize(
    "order",
    [("pipeline", "recipe", "component"), ("pipeline", "infrastructure"), ("pipeline", "distribution")],
)
def test_a_resource_in_use_cannot_be_deleted(pipeline: dict[str, Made], order: tuple[str, ...]) -> None:
    for user, used in pairwise(order):
        with pytest.raises(ClientError, match="ResourceDependencyException"):
            pipeline[used].delete()
        pipeline[user].delete()
    pipeline[order[-1]].delete()


def test_a_version_of_a_recipe_cannot_change(make: Make) -> None:
    component = make(COMPONENT.token, COMPONENT.base())
    inputs = RECIPE.base(component.id)
    make(RECIPE.token, inputs)
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        make(RECIPE.token, inputs)


@pytest.mark.parametrize(
    ("case", "change", "reason"),
    [
        (COMPONENT, {"name": "a.b.c"}, "name must match"),
        (COMPONENT, {"platform": "BeOS"}, "platform must be one of"),
        (COMPONENT, {"data": "x" * 16001}, "1 to 16000, not 16001"),
        (COMPONENT, {"uri": "s3://there"}, "Exactly one of data and uri"),
        (RECIPE, {"parentImage": "ssm:/no/such"}, "does not exist"),
    ],
)
def test_the_api_refuses_invalid_requests(
    client: Callable[[str], Any], case: Case, change: dict[str, Any], reason: str
) -> None:
    request = {"name": "demo", "semanticVersion": "1.0.0", **change}
    if case is COMPONENT:
        request = {"platform": "Linux", "data": "schemaVersion: 1.0", **request}
        create = client("imagebuilder").create_component
    else:
        request = {"components": [], "parentImage": AMAZON_LINUX, **request}
        create = client("imagebuilder").create_image_recipe
        request["components"] = [{"componentArn": _component(client)}]
    with pytest.raises(ClientError, match=reason):
        create(**request)


def _component(client: Callable[[str], Any]) -> str:
    made = client("imagebuilder").create_component(
        name="demo", semanticVersion="1.0.0", platform="Linux", data="schemaVersion: 1.0"
    )
    return str(made["componentBuildVersionArn"])
