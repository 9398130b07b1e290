"""The images and services of a pipeline's jobs, variables in their names expanded."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_NO_JOBS = {
    "default", "include", "spec", "stages", "types", "variables", "workflow",
    "image", "services", "cache", "before_script", "after_script",
}  # fmt: skip
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)\}|\$(\w+)|(\$\[\[.*?\]\])")
_DEEPEST = 10
_MOST_COMBINATIONS = 200
"""GitLab's own limit of `parallel: matrix`."""


@dataclass(frozen=True)
class JobImage:
    """An image or service of a job.

    Attributes:
        job: the job's name.
        role: ``image`` or ``service``; ``helper`` for the runner's own helper image.
        image: its name, variables expanded.
        unknown: the variables in it that have no value.
        variables: all of the job's variables.
        pull_policy: the policies that the job asks for; empty for the runner's own.
    """

    job: str
    role: str
    image: str
    unknown: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    pull_policy: tuple[str, ...] = ()


def jobs_of(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The jobs that run containers: not hidden ones, and not those that start another pipeline."""
    return {
        name: job
        for name, job in content.items()
        if name not in _NO_JOBS
        and not name.startswith(".")
        and isinstance(job, dict)
        and "trigger" not in job
    }


def images_of(content: Mapping[str, Any], job: str, given: Mapping[str, str]) -> Iterator[JobImage]:
    """The images of a job: each that its matrix makes of it, its services too. None for its runner's default.

    Args:
        content: the pipeline's configuration.
        job: the job's name.
        given: variables from outside of the file, such as the project's; they win.
    """
    settings = content[job]
    own = variables_of(content, settings)
    found: dict[tuple[str, str], JobImage] = {}
    for combination in _matrix(settings):
        variables = {**own, **combination, **given}
        for role, value in _containers(content, settings):
            name = value.get("name") if isinstance(value, dict) else value
            if not isinstance(name, str) or not name:
                continue
            image, unknown = expand(name, variables)
            policies = _texts(value.get("pull_policy")) if isinstance(value, dict) else ()
            found.setdefault((role, image), JobImage(job, role, image, unknown, variables, policies))
    yield from found.values()


def variables_of(content: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, str]:
    """The variables that the file gives to a job: the global ones that it inherits, and its own."""
    inherited = plain_variables(content.get("variables"))
    inherit = job.get("inherit")
    wanted = inherit.get("variables", True) if isinstance(inherit, dict) else True
    if isinstance(wanted, list):
        inherited = {key: value for key, value in inherited.items() if key in wanted}
    elif not wanted:
        inherited = {}
    return inherited | plain_variables(job.get("variables"))


def expand(text: str, variables: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """A text with its variables expanded, and the names of those that have no value, which stay."""
    unknown: dict[str, None] = {}

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3]
        if name is None:
            return "$"
        if name not in variables:
            unknown.setdefault(name)
            return match[0]
        return variables[name]

    for _ in range(_DEEPEST):
        unknown.clear()
        expanded = _VARIABLE.sub(value, text)
        if expanded == text:
            break
        text = expanded
    return text, tuple(unknown)


def _containers(content: Mapping[str, Any], job: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A job's image and services, its own or inherited, as they are written."""
    yield "image", _own_or_default(content, job, "image")
    services = _own_or_default(content, job, "services")
    for service in services if isinstance(services, list) else ():
        yield "service", service


def _own_or_default(content: Mapping[str, Any], job: Mapping[str, Any], key: str) -> Any:
    """What a job says for a key, else `default:`, else the global key of old."""
    if key in job:
        return job[key]
    inherit = job.get("inherit")
    wanted = inherit.get("default", True) if isinstance(inherit, dict) else True
    if wanted is False or (isinstance(wanted, list) and key not in wanted):
        return None
    default = content.get("default")
    if isinstance(default, dict) and key in default:
        return default[key]
    return content.get(key)


def _matrix(job: Mapping[str, Any]) -> list[dict[str, str]]:
    """The variables of each job that `parallel: matrix` makes; one without any where there is no matrix."""
    parallel = job.get("parallel")
    rows = parallel.get("matrix") if isinstance(parallel, dict) else None
    found: list[dict[str, str]] = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            values = [_texts(value) for value in row.values()]
            combinations = itertools.islice(itertools.product(*values), _MOST_COMBINATIONS)
            found += [dict(zip(map(str, row), each, strict=True)) for each in combinations]
    return found or [{}]


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(str, value))
    return () if value is None else (str(value),)


def plain_variables(variables: object) -> dict[str, str]:
    """Variables as text, those with a description too."""
    found: dict[str, str] = {}
    for key, value in variables.items() if isinstance(variables, dict) else ():
        plain = value.get("value") if isinstance(value, dict) else value
        found[str(key)] = "" if plain is None else str(plain)
    return found
