"""The pipeline component as GitLab fills it in, and its jobs as scripts."""

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
_PLACE = re.compile(r"\$\[\[ inputs\.(\w+) \]\]")


def documents() -> tuple[Any, str]:
    """The component's inputs, and the text of its jobs."""
    header, jobs = COMPONENT.read_text().split("\n---\n")
    return yaml.safe_load(header)["spec"]["inputs"], jobs


def filled(**given: Any) -> dict[str, Any]:
    """The jobs with these inputs, the others at their defaults; what they extend is taken in."""
    inputs, text = documents()
    assert given.keys() <= inputs.keys()
    values = {name: given.get(name, about.get("default")) for name, about in inputs.items()}
    assert None not in values.values()
    jobs: dict[str, Any] = _filled(yaml.safe_load(text), values)
    for job in jobs.values():
        if base := job.pop("extends", None):
            own = dict(job)
            job.update(jobs[base])
            job.update(own, variables={**jobs[base]["variables"], **own["variables"]})
    return jobs


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """The value with inputs in their places; GitLab fills them in after it has read the YAML.

    An input that is the whole of a value keeps its type; within a text it is a text.
    """
    if isinstance(value, dict):
        return {_filled(key, values): _filled(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    if not isinstance(value, str):
        return value
    if whole := _PLACE.fullmatch(value):
        return values[whole[1]]
    return _PLACE.sub(lambda found: _as_text(values[found[1]]), value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def chosen(source: str, jobs: Mapping[str, Any], **variables: str) -> dict[str, str]:
    """The jobs that a pipeline of a source has, and when each runs, by the rules of the jobs.

    Args:
        source: what `CI_PIPELINE_SOURCE` is.
        jobs: the jobs.
        variables: those of the pipeline besides; any other has no value.
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
    """A job as a script of sh that ends with the first command that fails, in a checkout at `directory`."""
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
