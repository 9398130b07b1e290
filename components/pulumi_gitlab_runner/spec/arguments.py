"""The arguments of a single component, parsed as the declaration of a stack with only these parts.

The paths of its problems are those of the arguments, whose keys differ from those of a stack.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pulumi_gitlab_runner.spec.inputs import Deferred, Rule
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem
from pulumi_gitlab_runner.spec.stack import Stack, parse_stack

Places = Mapping[str, str]
"""Paths in the arguments, by the corresponding paths in the declaration."""


def stack_of_arguments(declared: Mapping[str, Any], name: str, places: Places) -> Stack:
    """The stack that a component's arguments describe.

    Args:
        declared: the declaration with the parts of the arguments.
        name: the name of the component, the prefix of all paths.
        places: the paths of the parts of `declared` in the arguments.

    Raises:
        DeclarationError: the arguments have problems; contains all of them.
    """
    with relocated(places):
        stack = parse_stack(declared, path=name)
    for handle in _handles(declared):
        handle.rules = [_relocated_rule(rule, places) for rule in handle.rules]
    return stack


@contextmanager
def relocated(places: Places) -> Iterator[None]:
    """Replace the paths of the problems of a declaration by the paths of the arguments."""
    try:
        yield
    except DeclarationError as error:
        raise DeclarationError(_relocated(error.problems, places)) from None


def _relocated(problems: Iterable[Problem], places: Places) -> Iterator[Problem]:
    for problem in problems:
        for declared, argument in places.items():
            below = problem.path.removeprefix(declared)
            if below != problem.path and (not below or below[0] in ".["):
                problem = replace(problem, path=argument + below)
                break
        yield problem


def _relocated_rule(rule: Rule[Any], places: Places) -> Rule[Any]:
    return lambda value: _relocated(rule(value), places)


def _handles(declared: object) -> Iterator[Deferred[Any]]:
    if isinstance(declared, Deferred):
        yield declared
    elif isinstance(declared, Mapping | list):
        for each in declared.values() if isinstance(declared, Mapping) else declared:
            yield from _handles(each)
