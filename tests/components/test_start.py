"""A component loads what it needs and nothing else."""

import os
import subprocess
import sys

import pytest

from tests.spec.declaration import CHECKOUT

PROVIDERS = ("pulumi_aws", "pulumi_gitlab", "pulumi_docker", "pulumi_docker_build")
CLIENT = "pulumi_gitlab_runner.registry.client"
"""It is loaded when digests are asked of a registry, and loads what TLS and HTTP need."""

NEEDED = {
    "EcrRepositories": {"pulumi_aws"},
    "RunnerRegistration": {"pulumi_gitlab"},
    "CiVariables": {"pulumi_gitlab"},
    "DockerRunnerHost": {"pulumi_docker"},
    "RunnerHost": {"pulumi_aws"},
    "RunnerStack": {"pulumi_gitlab"},
}
EACH = """
import gc, os, sys, pulumi
gc.disable()
for component in sys.argv[1:]:
    if not os.fork():
        __import__("pulumi_gitlab_runner", fromlist=[component])
        print(component, *sys.modules, flush=True)
        os._exit(0)
    os.wait()
"""
"""Pulumi's SDK, which every component loads, is loaded once; each component in a process of its own."""


def printed(program: str, *arguments: str) -> str:
    """What a program of Python's prints."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "components")}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def loaded_by(program: str) -> set[str]:
    """The modules that a program loads."""
    return set(printed(f"import sys; {program}; print(*sys.modules)").split())


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """The modules that each component loads."""
    lines = map(str.split, printed(EACH, *NEEDED).splitlines())
    return {component: set(modules) for component, *modules in lines}


@pytest.mark.parametrize(("component", "needed"), NEEDED.items())
def test_a_component_loads_its_own_providers(
    loaded: dict[str, set[str]], component: str, needed: set[str]
) -> None:
    assert loaded[component].intersection(PROVIDERS) == needed
    unneeded = {"httpx", "boto3", "docker", "pulumi_aws.cloudwatch.metric_alarm", CLIENT}
    assert not unneeded & loaded[component]


def test_every_name_is_there_without_its_module_being_loaded() -> None:
    import pulumi_gitlab_runner as library
    from pulumi_gitlab_runner import api

    assert sorted(library.__all__) == sorted(api.__all__)
    assert set(library.__all__) <= set(dir(library))
    assert all(getattr(library, name) is getattr(api, name) for name in api.__all__)
    loaded = loaded_by("from pulumi_gitlab_runner import *; assert RunnerStack and StackDeclaration")
    assert "pulumi_gitlab_runner.stack.runner_stack" in loaded
    assert not {"pulumi"} & loaded_by("import pulumi_gitlab_runner; dir(pulumi_gitlab_runner)")
