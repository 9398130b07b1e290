"""The form of instance types: all that EC2 has are valid, and so are those that it may add."""

import boto3
import pytest
from pulumi_gitlab_runner.spec import DeclarationError, Problem, parse_stack
from pulumi_gitlab_runner.spec.instance_types import instance_type_problems

from tests.spec.declaration import problems_of

ALLOWED = "a family and a size of EC2, such as m6i.large"
FLEET = {"instance_types": ["c7i.large"], "max_instances": 2}


def test_each_type_of_ec2_passes() -> None:
    model = boto3.client("ec2", region_name="eu-west-1").meta.service_model
    types = model.shape_for("InstanceType").enum
    assert len(types) > 1000
    assert [each for each in types if list(instance_type_problems(each, "at"))] == []


@pytest.mark.parametrize(
    "instance_type",
    [
        "u-6tb1.112xlarge",
        "mac2-m2pro.metal",
        "p4d.24xlarge",
        "c7gn.metal-48xl",
        "m7i-flex.large",
        "hpc7g.4xlarge",
        "m42zn-turbo.1024xlarge",
        "q1.huge",
    ],
)
def test_a_type_of_valid_form_passes(instance_type: str) -> None:
    assert list(instance_type_problems(instance_type, "at")) == []


@pytest.mark.parametrize(
    ("instance_type", "fix"),
    [
        ("t3large", "did you mean 't3.large'?"),
        ("t3-large", "did you mean 't3.large'?"),
        ("T3.Large", "did you mean 't3.large'?"),
        (" t3.large\n", "did you mean 't3.large'?"),
        ("m52xlarge", "did you mean 'm5.2xlarge'?"),
        ("m7i-flex-large", "did you mean 'm7i-flex.large'?"),
        ("c7gn metal-48xl", "did you mean 'c7gn.metal-48xl'?"),
        ("m7i", "add a size, such as m7i.large"),
        ("m7i-flex", "add a size, such as m7i-flex.large"),
        ("large", "add a family, such as m6i.large"),
        ("2xlarge", "add a family, such as m6i.2xlarge"),
        ("m.large", ""),
        ("team.x", ""),
        ("t3.", ""),
        (".large", ""),
        ("t3.5", ""),
        ("t3.large.x", ""),
        ("t\u0663.large", ""),
        ("", ""),
    ],
)
def test_a_type_of_a_wrong_form(instance_type: str, fix: str) -> None:
    assert list(instance_type_problems(instance_type, "at")) == [
        Problem("at", repr(instance_type), ALLOWED, fix)
    ]


@pytest.mark.parametrize(
    ("declaration", "path"),
    [
        ({"host": {"instance_type": "t3large"}}, "runners.build.host.instance_type"),
        ({"fleet": {**FLEET, "instance_types": ["t3large"]}}, "runners.build.fleet.instance_types[0]"),
        (
            {"fleet": {**FLEET, "manager": {"instance_type": "t3large"}}},
            "runners.build.fleet.manager.instance_type",
        ),
    ],
)
def test_each_instance_type_of_a_runner_is_checked(declaration: dict[str, object], path: str) -> None:
    declared = {"runners": {"build": {"group": 42, "image": "alpine:3.22", **declaration}}}
    with pytest.raises(DeclarationError) as refused:
        parse_stack(declared)
    problem = Problem(f"stack.{path}", "'t3large'", ALLOWED, "did you mean 't3.large'?")
    assert refused.value.problems == (problem,)


def test_the_instance_type_of_a_machine_image_is_checked() -> None:
    assert problems_of({"machine_images": {"base": {"instance_type": "m7i"}}}) == [
        Problem("stack.machine_images.base.instance_type", "'m7i'", ALLOWED, "add a size, such as m7i.large")
    ]
