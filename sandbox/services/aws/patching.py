"""Decorators that patch moto's classes: a function takes the place of the method with its name.

moto's classes are changed for the whole process, when the module with the function is imported.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def method_of(*owners: type) -> Callable[[Function], Function]:
    """Make a function a method of moto's classes, in place of an existing one."""

    def patch(function: Function) -> Function:
        for owner in owners:
            setattr(owner, function.__name__, function)
        return function

    return patch


def around(owner: type) -> Callable[[Function], Function]:
    """Call a function in place of a method of moto's class; its first argument is the original method."""

    def patch(function: Function) -> Function:
        original = getattr(owner, function.__name__)

        @wraps(original)
        def call(*given: Any, **named: Any) -> Any:
            return function(original, *given, **named)

        setattr(owner, function.__name__, call)
        return function

    return patch
