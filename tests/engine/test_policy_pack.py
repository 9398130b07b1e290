"""The policy pack on the real engine: this project's stack passes, a stack without care does not."""

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
"""


def test_this_projects_stack_passes(project: Project) -> None:
    printed = project.pulumi("preview", "--policy-pack", POLICY).stdout
    assert "gitlab-runner" in printed[printed.index("Policies:") :]
    assert "mandatory" not in printed
    assert "advisory" not in printed


def test_a_careless_stack_does_not(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    careless = Project(tmp_path / "careless", sandbox, stack="careless")
    (careless.directory / "__main__.py").write_text(CARELESS)
    result = careless.pulumi("preview", "--policy-pack", POLICY, check=False)
    assert result.returncode != 0
    assert "ecr-immutable-tags" in result.stdout
    assert "Its tags are MUTABLE" in result.stdout
    assert "ecr-scan-on-push" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
