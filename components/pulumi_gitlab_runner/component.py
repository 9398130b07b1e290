"""The base of all components."""

import re
from collections.abc import Mapping
from inspect import get_annotations
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

    def register_declared_outputs(self) -> None:
        """Register the outputs: the attributes that the class declares, by their names in the schema."""
        names = get_annotations(type(self))
        self.register_outputs({_camel_case(name): getattr(self, name) for name in names})


def _camel_case(name: str) -> str:
    return re.sub("_(.)", lambda found: found[1].upper(), name)


def inputs_of(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that a component is registered with, so that a preview and the state show what it declares.

    Under one key, since an output may have the name of one of them.

    Args:
        declared: what to show: see `spec.declared`.
    """
    return {DECLARED: as_given(declared)} if declared else {}


def as_given(value: Any) -> Any:
    """A part of the model as an input. Problems of a handle are reported where it is used, and once."""
    if isinstance(value, Deferred):
        return pulumi.Output.from_input(value.source)
    if isinstance(value, Mapping):
        return {key: as_given(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_given(each) for each in value]
    return value
