"""The import time of a component, over that of Pulumi and the provider modules that it uses."""

import json
import os
import subprocess
import sys
from statistics import median

from bench.measure import Measure
from sandbox.paths import CHECKOUT

PAIRS = 9
ECR = ("pulumi_gitlab_runner.aws.registries.ecr_repositories",)
STACK = (
    "pulumi_gitlab_runner.stack.configuration",
    "pulumi_gitlab_runner.stack.runner_stack",
    "pulumi_gitlab_runner.aws.registries.ecr_repositories",
    "pulumi_gitlab_runner.aws.network.host_network",
    "pulumi_gitlab_runner.aws.hosts.host_store",
    "pulumi_gitlab_runner.aws.hosts.runner_host",
    "pulumi_gitlab_runner.gitlab.ci_variables",
    "pulumi_gitlab_runner.manager.image_digests",
)
"""The modules that `RunnerStack` imports for the stack `sandbox`."""


def take(modules: tuple[str, ...]) -> float:
    """The median ratio of processor times of alternating runs."""
    loaded = json.loads(_run(modules, "print(json.dumps(sorted(sys.modules)))"))
    providers = tuple(each for each in loaded if each.split(".")[0].startswith("pulumi_") and not _ours(each))
    below = ("pulumi", *providers)
    return median(_seconds(modules) / _seconds(below) for _ in range(PAIRS))


def _ours(module: str) -> bool:
    return module.startswith("pulumi_gitlab_runner")


def _seconds(modules: tuple[str, ...]) -> float:
    return float(_run(modules, "print(time.process_time())"))


def _run(modules: tuple[str, ...], last: str) -> str:
    program = "\n".join(("import json, sys, time", *(f"import {each}" for each in modules), last))
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "components")}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout


def _measure(name: str, component: str, modules: tuple[str, ...]) -> Measure:
    what = f"importing {component} over importing Pulumi and the provider modules that it uses"
    return Measure(name, "ratio", f"{what}, median of {PAIRS} pairs", lambda: take(modules))


IMPORT_RATIO_ECR = _measure("import_ratio_ecr", "`EcrRepositories`", ECR)
IMPORT_RATIO_STACK = _measure("import_ratio_stack", "`RunnerStack` as the stack `sandbox` uses it", STACK)
