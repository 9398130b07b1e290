"""A component loads what it needs and nothing else."""

import os
import subprocess
import sys

import pytest

from tests.spec.declaration import CHECKOUT

PROVIDERS = ("pulumi_aws", "pulumi_gitlab", "pulumi_docker", "pulumi_docker_build")


def loaded_by(program: str) -> set[str]:
    """The modules that a program loads."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "components")}
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {program}; print(*sys.modules)"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("component", "needed"),
    [
        ("EcrRepositories", {"pulumi_aws"}),
        ("RunnerRegistration", {"pulumi_gitlab"}),
        ("CiVariables", {"pulumi_gitlab"}),
        ("DockerRunnerHost", {"pulumi_docker"}),
        ("RunnerHost", {"pulumi_aws"}),
        ("RunnerStack", {"pulumi_gitlab"}),
    ],
)
def test_a_component_loads_its_own_providers(component: str, needed: set[str]) -> None:
    loaded = loaded_by(f"from pulumi_gitlab_runner import {component}")
    assert loaded.intersection(PROVIDERS) == needed
    assert not {"httpx", "boto3", "docker", "pulumi_aws.cloudwatch.metric_alarm"} & loaded


def test_every_name_is_there_without_its_module_being_loaded() -> None:
    import pulumi_gitlab_runner as library
    from pulumi_gitlab_runner import api

    assert sorted(library.__all__) == sorted(api.__all__)
    assert set(library.__all__) <= set(dir(library))
    assert all(getattr(library, name) is getattr(api, name) for name in api.__all__)
    loaded = loaded_by("from pulumi_gitlab_runner import *; assert RunnerStack and StackDeclaration")
    assert "pulumi_gitlab_runner.stack.runner_stack" in loaded
    assert not {"pulumi"} & loaded_by("import pulumi_gitlab_runner; dir(pulumi_gitlab_runner)")
