"""The arguments of a single component, read as a stack's declaration that has just these parts.

Its problems name the places of the arguments, which have other keys than a stack.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pulumi_gitlab_runner.spec.inputs import Deferred, Rule
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem
from pulumi_gitlab_runner.spec.stack import Stack, parse_stack

Places = Mapping[str, str]
"""Paths in the arguments, by the paths in the declaration that they are read as."""


def stack_of_arguments(declared: Mapping[str, Any], name: str, places: Places) -> Stack:
    """The stack that a component's arguments describe.

    Args:
        declared: what they are read as.
        name: the component's, with which all paths start.
        places: where the parts of `declared` are in the arguments.

    Raises:
        DeclarationError: with every problem.
    """
    with relocated(places):
        stack = parse_stack(declared, path=name)
    for handle in _handles(declared):
        handle.rules = [_relocated_rule(rule, places) for rule in handle.rules]
    return stack


@contextmanager
def relocated(places: Places) -> Iterator[None]:
    """Let the problems of a declaration name the places of the arguments."""
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
