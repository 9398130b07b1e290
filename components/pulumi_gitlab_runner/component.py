"""What the components have in common."""

from collections.abc import Mapping
from typing import Any, Generic, Self, TypeVar

import pulumi

from pulumi_gitlab_runner.spec.declared import DECLARED
from pulumi_gitlab_runner.spec.inputs import Deferred

_Model = TypeVar("_Model")


class Component(pulumi.ComponentResource, Generic[_Model]):
    """A component whose arguments are read once.

    A program makes it with its arguments, which become a model; a component that has read a whole declaration
    makes its parts with theirs, by `of`. Both ways lead to `_make`.
    """

    @classmethod
    def of(cls, name: str, model: _Model, opts: pulumi.ResourceOptions | None = None) -> Self:
        """Make the component of what has been read already."""
        made = cls.__new__(cls)
        made._make(name, model, opts)
        return made

    def _make(self, name: str, model: _Model, opts: pulumi.ResourceOptions | None) -> None:
        """Register the component and its resources."""
        raise NotImplementedError


def inputs_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that a component is registered with, so that a preview and the state say what it is.

    Under one key, so that none of them has the name of an output.

    Args:
        told: what it says: see `spec.declared`.
    """
    return {DECLARED: as_given(told)} if told else {}


def as_given(told: Any) -> Any:
    """A part of the model as an input, with its handles as they were given.

    What is wrong with one is said where it is used, and once.
    """
    if isinstance(told, Deferred):
        return pulumi.Output.from_input(told.source)
    if isinstance(told, Mapping):
        return {key: as_given(each) for key, each in told.items()}
    if isinstance(told, list | tuple):
        return [as_given(each) for each in told]
    return told
