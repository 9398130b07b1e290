"""The pipeline component with its inputs interpolated as by GitLab, and its jobs as scripts."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pulumi_gitlab_runner.doctor.pipelines.expressions import evaluated

from sandbox.paths import CHECKOUT

COMPONENT = CHECKOUT / "templates" / "stack.yml"
_INPUT = re.compile(r"\$\[\[ inputs\.(\w+) \]\]")


def documents() -> tuple[Any, str]:
    """The component's inputs, and the text of its jobs."""
    header, jobs = COMPONENT.read_text().split("\n---\n")
    return yaml.safe_load(header)["spec"]["inputs"], jobs


def filled(**given: Any) -> dict[str, Any]:
    """The jobs with these inputs, the others at their defaults; `extends` is resolved."""
    inputs, text = documents()
    assert given.keys() <= inputs.keys()
    values = {name: given.get(name, about.get("default")) for name, about in inputs.items()}
    assert None not in values.values()
    jobs: dict[str, Any] = _interpolated(yaml.safe_load(text), values)
    for job in jobs.values():
        if base := job.pop("extends", None):
            own = dict(job)
            job.update(jobs[base])
            job.update(own, variables={**jobs[base]["variables"], **own["variables"]})
    return jobs


def _interpolated(value: Any, values: Mapping[str, Any]) -> Any:
    """The value with the inputs interpolated; GitLab does this after it has parsed the YAML.

    An input that is a whole value keeps its type; within a string, it becomes a string.
    """
    if isinstance(value, dict):
        return {_interpolated(key, values): _interpolated(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [_interpolated(each, values) for each in value]
    if not isinstance(value, str):
        return value
    if whole := _INPUT.fullmatch(value):
        return values[whole[1]]
    return _INPUT.sub(lambda found: _as_text(values[found[1]]), value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def selected(source: str, jobs: Mapping[str, Any], **variables: str) -> dict[str, str]:
    """The jobs of a pipeline of a source, and when each runs, by the rules of the jobs.

    Args:
        source: the value of `CI_PIPELINE_SOURCE`.
        jobs: the jobs.
        variables: further variables of the pipeline; all others are empty.
    """
    known = {"CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BRANCH": "", "CI_PIPELINE_SOURCE": source, **variables}
    found = {}
    for name, job in jobs.items():
        for rule in () if name.startswith(".") else job["rules"]:
            holds = evaluated(rule.get("if", "true"), known)
            assert holds is not None
            if holds:
                if (when := rule.get("when", "on_success")) != "never":
                    found[name] = when
                break
    return found


def run(
    job: Mapping[str, Any], directory: Path, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a job in a checkout at `directory`, as a script of sh that ends with the first failing command."""
    known = {**environment, "CI_PROJECT_DIR": str(directory), "CI_JOB_ID": "1"}
    for name, value in job["variables"].items():
        known[name] = re.sub(r"\$(\w+)", lambda found: known.get(found[1], ""), value)
    script = "\n".join([*job["before_script"], *job["script"]])
    return subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=directory,
        env=known,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
