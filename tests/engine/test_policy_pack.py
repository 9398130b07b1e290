"""The policy pack on the real engine: this project's stack passes, a careless stack does not."""

import json
from pathlib import Path

import pytest

from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT
from tests.engine.project import Project

pytestmark = pytest.mark.engine

POLICY = str(CHECKOUT / "policy")

CARELESS = """\
import pulumi_aws as aws

aws.ecr.Repository("careless", name="careless", image_tag_mutability="MUTABLE")
aws.ecr.Repository("scratch", name="scratch", image_tag_mutability="MUTABLE")
aws.ec2.SecurityGroup(
    "open",
    description="open",
    vpc_id=aws.ec2.get_vpc(default=True).id,
    ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}],
)
"""
CONFIGURATION = {"ecr-immutable-tags": {"exempt": ["scratch"]}, "ecr-scan-on-push": "remediate"}


def test_this_projects_stack_passes(project: Project) -> None:
    printed = project.pulumi("preview", "--policy-pack", POLICY).stdout
    assert "gitlab-runner" in printed[printed.index("Policies:") :]
    assert "mandatory" not in printed
    assert "advisory" not in printed


def test_a_careless_stack_does_not_pass(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    careless = Project(tmp_path / "careless", sandbox, stack="careless")
    (careless.directory / "__main__.py").write_text(CARELESS)
    configuration = tmp_path / "configuration.json"
    configuration.write_text(json.dumps(CONFIGURATION))
    options = ("--policy-pack", POLICY, "--policy-pack-config", str(configuration))
    result = careless.pulumi("preview", *options, check=False)
    assert result.returncode != 0
    assert result.stdout.count("Its tags are MUTABLE") == 1  # the other repository is exempt
    assert "[remediate]  ecr-scan-on-push" in result.stdout
    assert "Its images are not scanned" not in result.stdout
    assert "It allows ingress from 0.0.0.0/0" in result.stdout  # in a list within a list
    assert "Traceback" not in result.stdout + result.stderr
