"""Outputs of a program: their handles in the model, and their values when these are known."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import pulumi

from pulumi_gitlab_runner.existing import wait_for_hooks
from pulumi_gitlab_runner.spec.inputs import Deferred, Value, deferred_in, substituted
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.registries import Login
from pulumi_gitlab_runner.spec.shape import known_value

_T = TypeVar("_T")


class DeclarationRefused(pulumi.RunError):
    """A declaration with problems. The engine shows only its message, without a traceback.

    Attributes:
        problems: all problems of the declaration.
    """

    def __init__(self, error: DeclarationError) -> None:
        # During an update, other resources of the program may be there already.
        super().__init__(error.text("; nothing was created" if pulumi.runtime.is_dry_run() else ""))
        self.problems: tuple[Problem, ...] = error.problems


@contextmanager
def refused_as_whole() -> Iterator[None]:
    """End the program with a message if the declaration has problems."""
    try:
        yield
    except DeclarationError as error:
        wait_for_hooks()
        raise DeclarationRefused(error) from None


def with_handles(declared: Any, path: str) -> Any:
    """A declaration with a handle in place of each Output.

    Args:
        declared: the declaration, or a part of it.
        path: its path.
    """
    if isinstance(declared, pulumi.Output):
        return Deferred(path, declared)
    if isinstance(declared, Mapping):
        return {key: with_handles(each, join_path(path, str(key))) for key, each in declared.items()}
    if isinstance(declared, list | tuple):
        return [with_handles(each, join_path(path, index)) for index, each in enumerate(declared)]
    return declared


def resolved(model: _T) -> pulumi.Output[_T]:
    """A model with the values of all handles except secrets; each value is checked when it is known.

    Args:
        model: a dataclass, or a mapping or sequence of them.
    """
    handles = list(dict.fromkeys(deferred_in(model)))

    def fill_in(found: list[Any]) -> _T:
        by_handle = dict(zip(handles, found, strict=True))
        return substituted(model, by_handle.__getitem__)

    return pulumi.Output.all(*map(_output_of, handles)).apply(fill_in)


def given(value: _T | Deferred[_T]) -> pulumi.Input[_T]:
    """A value of the model as the input of a resource; the value of an Output is checked when it is known."""
    return _output_of(value) if isinstance(value, Deferred) else value


def given_or_none(value: Value[_T] | None) -> pulumi.Input[_T] | None:
    """The same for an optional value."""
    return None if value is None else given(value)


def login_of(login: Login) -> pulumi.Output[tuple[str, str]]:
    """The user and password of a registry, as a secret."""
    password: pulumi.Input[str] = given(login.password)
    return pulumi.Output.all(given(login.username), password).apply(lambda pair: (str(pair[0]), str(pair[1])))


def _output_of(handle: Deferred[_T]) -> pulumi.Output[_T]:
    source: pulumi.Input[Any] = cast("pulumi.Input[Any]", handle.source)

    def known(found: Any) -> _T:
        with refused_as_whole():
            return known_value(handle, found)

    whole = pulumi.Output.secret(source) if handle.secret else pulumi.Output.from_input(source)
    return whole.apply(known)
