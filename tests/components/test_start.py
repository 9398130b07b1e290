"""A component loads only the modules that it needs."""

import os
import subprocess
import sys

import pytest

from tests.spec.declaration import CHECKOUT

PROVIDERS = ("pulumi_aws", "pulumi_gitlab", "pulumi_docker", "pulumi_docker_build")
CLIENT = "pulumi_gitlab_runner.registry.client"
"""Loaded when digests are looked up in a registry; it loads the modules for TLS and HTTP."""

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
"""Loads Pulumi's SDK, which every component needs, once; and each component in a separate process."""


def output_of(program: str, *arguments: str) -> str:
    """The output of a Python program."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "components")}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def loaded_by(program: str) -> set[str]:
    """The modules that a program loads."""
    return set(output_of(f"import sys; {program}; print(*sys.modules)").split())


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """The modules that each component loads."""
    lines = map(str.split, output_of(EACH, *NEEDED).splitlines())
    return {component: set(modules) for component, *modules in lines}


@pytest.mark.parametrize(("component", "needed"), NEEDED.items())
def test_a_component_loads_its_own_providers(
    loaded: dict[str, set[str]], component: str, needed: set[str]
) -> None:
    assert loaded[component].intersection(PROVIDERS) == needed
    unneeded = {"httpx", "boto3", "docker", "pulumi_aws.cloudwatch.metric_alarm", CLIENT}
    assert not unneeded & loaded[component]


def test_every_name_is_listed_without_loading_its_module() -> None:
    import pulumi_gitlab_runner as library
    from pulumi_gitlab_runner import api

    assert sorted(library.__all__) == sorted(api.__all__)
    assert set(library.__all__) <= set(dir(library))
    assert all(getattr(library, name) is getattr(api, name) for name in api.__all__)
    loaded = loaded_by("from pulumi_gitlab_runner import *; assert RunnerStack and StackDeclaration")
    assert "pulumi_gitlab_runner.stack.runner_stack" in loaded
    assert not {"pulumi"} & loaded_by("import pulumi_gitlab_runner; dir(pulumi_gitlab_runner)")
