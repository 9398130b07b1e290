"""The variables that a pipeline's file sets for its jobs.

Source: https://docs.gitlab.com/ci/variables/#cicd-variable-precedence; GitLab 18,
lib/gitlab/ci/pipeline/seed/build.rb: from the lowest to the highest precedence, the global variables, those
of the job, of its matrix, and of the rule that matches.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.pipelines.expansion import RawText
from pulumi_gitlab_runner.doctor.pipelines.expressions import all_of, evaluated
from pulumi_gitlab_runner.doctor.pipelines.values import mapping
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Missing

_MOST_JOBS = 200
"""The limit of GitLab for `parallel: matrix`."""
_MOST_ALTERNATIVES = 20_000
_PREDEFINED = {"CI_TEMPLATE_REGISTRY_HOST": "registry.gitlab.com"}
"""The variables with the same value in every project, whose precedence is the lowest: GitLab 18,
app/models/project.rb, `ci_template_variables`. GitLab's templates have the images of scanners there."""


def variables_of(
    content: Mapping[str, Any], job: Mapping[str, Any], given: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """All variables of a job, once for each combination that rules and its matrix may set.

    Args:
        content: the pipeline's configuration, with the global variables and those of `workflow: rules`.
        job: the job, merged with those that it extends.
        given: the variables that are defined outside of the file, such as those of the project. They take
            precedence.

    Raises:
        UsageError: a matrix creates more jobs than GitLab allows, or there are too many combinations.
    """
    choices = _of_rules(content.get("workflow"), given), _matrix(job), _of_rules(job, given)
    if math.prod(map(len, choices)) > _MOST_ALTERNATIVES:
        raise UsageError(f"the rules and the matrix of a job have over {_MOST_ALTERNATIVES} combinations")
    seen: set[tuple[tuple[str, str], ...]] = set()
    own, top = plain_variables(job.get("variables")), plain_variables(content.get("variables"))
    inherited = [_inherited(top | workflow, job) for workflow in choices[0]]
    for above, combination, rule in itertools.product(inherited, *choices[1:]):
        variables = {**_PREDEFINED, **above, **own, **combination, **rule, **given}
        key = tuple(sorted(variables.items()))
        if key not in seen:
            seen.add(key)
            yield variables


def plain_variables(variables: object) -> dict[str, str]:
    """The values of variables as strings, also of those with a description."""
    found: dict[str, str] = {}
    for key, value in mapping(variables).items():
        if isinstance(value, dict):
            text = as_text(value.get("value"))
            found[key] = RawText(text) if value.get("expand") is False else text
        else:
            found[key] = as_text(value)
    return found


def as_text(value: object) -> str:
    """A YAML value as the string value of a variable; an unresolved reference becomes an unknown variable."""
    if isinstance(value, Missing):
        return f"$[[ {value.name} ]]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _inherited(variables: dict[str, str], job: Mapping[str, Any]) -> dict[str, str]:
    """The global variables that a job inherits."""
    wanted = mapping(job.get("inherit")).get("variables", True)
    if isinstance(wanted, list):
        return {key: value for key, value in variables.items() if key in wanted}
    return variables if wanted else {}


def depend_on_rules(content: Mapping[str, Any], job: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    """Whether it depends on rules which of several values the variables of a job have; arguments as above."""
    return len(_of_rules(content.get("workflow"), given)) * len(_of_rules(job, given)) > 1


def may_run(job: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    """Whether the rules of a job may add it to a pipeline; they are evaluated as for `variables_of`.

    A job without a rule that matches is not added: GitLab 18, lib/gitlab/ci/build/rules.rb.
    """
    rules = list(_flat(job.get("rules")))
    for rule in rules:
        matches = _matches(rule, given) if isinstance(rule, dict) else None
        if matches is not False and mapping(rule).get("when") != "never":
            return True
        if matches:
            return False
    return not rules


def _matches(rule: Mapping[str, Any], given: Mapping[str, str]) -> bool | None:
    """Whether a rule matches; None if that is not known."""
    files = None if {"changes", "exists"} & rule.keys() else True
    return all_of(evaluated(rule["if"], given) if "if" in rule else True, files)


def _of_rules(settings: object, given: Mapping[str, str]) -> list[dict[str, str]]:
    """The variables of each rule that may match; one empty mapping if the rules set none.

    Rules are evaluated only with the variables that are defined outside of the file: a pipeline may be
    started with other values of those in the file.
    """
    found: list[dict[str, str]] = []
    rules = list(_flat(mapping(settings).get("rules")))
    if not any(isinstance(rule, dict) and rule.get("variables") for rule in rules):
        return [{}]
    for rule in rules:
        if not isinstance(rule, dict):
            continue
        matches = _matches(rule, given)
        if matches is not False and rule.get("when") != "never":
            variables = plain_variables(rule.get("variables"))
            if variables not in found:
                found.append(variables)
        if matches:
            break
    return found or [{}]


def _flat(value: object) -> Iterator[object]:
    """The items of a list and of its nested lists: anchors and references insert whole lists of rules."""
    for each in value if isinstance(value, list) else ():
        yield from _flat(each) if isinstance(each, list) else (each,)


def _matrix(job: Mapping[str, Any]) -> list[dict[str, str]]:
    """The variables of each job of `parallel: matrix`; one empty mapping without a matrix."""
    rows = mapping(job.get("parallel")).get("matrix")
    found: list[dict[str, str]] = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            values = [
                [as_text(each) for each in value] if isinstance(value, list) else [as_text(value)]
                for value in row.values()
            ]
            if len(found) + math.prod(map(len, values)) > _MOST_JOBS:
                raise UsageError(f"a matrix creates more than {_MOST_JOBS} jobs")
            found += [dict(zip(row, each, strict=True)) for each in itertools.product(*values)]
    return found or [{}]
