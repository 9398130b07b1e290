"""The variables that a pipeline's file gives to its jobs, and texts with variables in them.

Source: https://docs.gitlab.com/ci/variables/#cicd-variable-precedence; GitLab 18,
    lib/gitlab/ci/pipeline/seed/build.rb:
variables of a job replace the global ones, its matrix's those, and those of the rule that matches all of
these.
"""

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Missing

_VARIABLE = re.compile(r"\$\$|\$\{(\w+)\}|\$(\w+)|(\$\[\[.*?\]\])")
_DEEPEST = 10
_LONGEST = 8_192
"""Characters of a text with variables, before and after they are expanded. No image has such a name."""
_MOST_JOBS = 200
"""GitLab's own limit of `parallel: matrix`."""
_MOST_ALTERNATIVES = 20_000


class RawText(str):
    """The value of a variable with ``expand: false``: no variable in it is expanded."""

    __slots__ = ()


def variables_of(
    content: Mapping[str, Any], job: Mapping[str, Any], given: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """All the variables of a job, once for each way that rules and its matrix may set them.

    Args:
        content: the pipeline's configuration, for the global variables and those of `workflow: rules`.
        job: the job, with what it extends.
        given: variables from outside of the file, such as the project's; they win.

    Raises:
        UsageError: a matrix makes more jobs than GitLab does, or there are too many ways.
    """
    choices = _of_rules(content.get("workflow")), _matrix(job), _of_rules(job)
    if math.prod(map(len, choices)) > _MOST_ALTERNATIVES:
        raise UsageError(f"rules and a matrix give a job's variables over {_MOST_ALTERNATIVES} combinations")
    seen: set[tuple[tuple[str, str], ...]] = set()
    own = plain_variables(job.get("variables"))
    for workflow, combination, rule in itertools.product(*choices):
        inherited = _inherited(plain_variables(content.get("variables")) | workflow, job)
        variables = {**inherited, **own, **combination, **rule, **given}
        key = tuple(sorted(variables.items()))
        if key not in seen:
            seen.add(key)
            yield variables


def plain_variables(variables: object) -> dict[str, str]:
    """Variables as text, those with a description too."""
    found: dict[str, str] = {}
    for key, value in variables.items() if isinstance(variables, dict) else ():
        if isinstance(value, dict):
            text = as_text(value.get("value"))
            found[key] = RawText(text) if value.get("expand") is False else text
        else:
            found[key] = as_text(value)
    return found


def as_text(value: object) -> str:
    """A value of YAML as GitLab makes a variable of it; what was not read is a variable without a value."""
    if isinstance(value, Missing):
        return f"$[[ {value.name} ]]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def expand(text: str, variables: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """A text with its variables expanded, and the names of those that have no value, which stay."""
    unknown: dict[str, None] = {}

    def expanded(text: str, within: tuple[str, ...]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2] or match[3]
            if name is None:
                return "$"
            if name not in variables or name in within or len(within) >= _DEEPEST:
                unknown.setdefault(name)
                return match[0]
            if isinstance(variables[name], RawText):
                return variables[name]
            if name not in known:
                known[name] = expanded(variables[name], (*within, name))
            return known[name]

        result = _VARIABLE.sub(value, text) if len(text) <= _LONGEST else text
        if len(result) > _LONGEST:
            unknown.update(dict.fromkeys(within[-1:] or ("…",)))
            return text[:_LONGEST]
        return result

    known: dict[str, str] = {}
    return expanded(str(text), ()), tuple(unknown)


def variables_in(text: str) -> list[str]:
    """The names of the variables and inputs in a text."""
    return [name for match in _VARIABLE.finditer(text) if (name := match[1] or match[2] or match[3])]


def _inherited(variables: dict[str, str], job: Mapping[str, Any]) -> dict[str, str]:
    """The global variables that a job inherits."""
    inherit = job.get("inherit")
    wanted = inherit.get("variables", True) if isinstance(inherit, dict) else True
    if isinstance(wanted, list):
        return {key: value for key, value in variables.items() if key in wanted}
    return variables if wanted else {}


def _of_rules(settings: object) -> list[dict[str, str]]:
    """What each of the rules that may match sets; nothing where there are none."""
    found: list[dict[str, str]] = []
    for rule in _flat(settings.get("rules") if isinstance(settings, dict) else None):
        if isinstance(rule, dict) and rule.get("when") != "never":
            variables = plain_variables(rule.get("variables"))
            if variables not in found:
                found.append(variables)
    return found or [{}]


def _flat(value: object) -> Iterator[object]:
    """The items of a list, and of the lists in it: anchors and references bring whole lists of rules."""
    for each in value if isinstance(value, list) else ():
        yield from _flat(each) if isinstance(each, list) else (each,)


def _matrix(job: Mapping[str, Any]) -> list[dict[str, str]]:
    """The variables of each job that `parallel: matrix` makes; one without any where there is no matrix."""
    parallel = job.get("parallel")
    rows = parallel.get("matrix") if isinstance(parallel, dict) else None
    found: list[dict[str, str]] = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            values = [
                [as_text(each) for each in value] if isinstance(value, list) else [as_text(value)]
                for value in row.values()
            ]
            if len(found) + math.prod(map(len, values)) > _MOST_JOBS:
                raise UsageError(f"a matrix makes more than {_MOST_JOBS} jobs")
            found += [dict(zip(row, each, strict=True)) for each in itertools.product(*values)]
    return found or [{}]
