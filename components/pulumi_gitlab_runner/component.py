"""The base class of all components."""

import re
from collections.abc import Mapping
from inspect import get_annotations
from typing import Any, Generic, Self, TypeVar

import pulumi

from pulumi_gitlab_runner.spec.declared import DECLARED
from pulumi_gitlab_runner.spec.inputs import Deferred

_Model = TypeVar("_Model")


class Component(pulumi.ComponentResource, Generic[_Model]):
    """A component whose arguments are parsed once, into a model.

    A program creates the component with arguments, which the constructor parses. A component that has parsed
    a whole declaration creates its child components from their models, with `of`. Both call `_make`.
    """

    @classmethod
    def of(cls, name: str, model: _Model, opts: pulumi.ResourceOptions | None = None) -> Self:
        """Create the component from a parsed model."""
        component = cls.__new__(cls)
        component._make(name, model, opts)
        return component

    def _make(self, name: str, model: _Model, opts: pulumi.ResourceOptions | None) -> None:
        """Register the component and its resources."""
        raise NotImplementedError

    def register_component(
        self,
        kind: str,
        name: str,
        shown: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
        **further: Any,
    ) -> None:
        """Register the component itself; `_child` then has the options of its resources.

        Args:
            kind: its name in the package.
            name: the resource name.
            shown: the fields of the declaration that a preview and the state show: see `spec.declared`. All
                are below one key, since an output may have the same name as one of them.
            opts: the options of the component.
            further: further inputs.
        """
        inputs = {DECLARED: as_given(shown)} if shown else {}
        pulumi.ComponentResource.__init__(self, token_of(kind), name, {**inputs, **further}, opts)
        self._child = pulumi.ResourceOptions(parent=self)

    def register_declared_outputs(self) -> None:
        """Register the outputs: the attributes that the class declares, by their names in the schema."""
        names = get_annotations(type(self))
        self.register_outputs({_camel_case(name): getattr(self, name) for name in names})


def token_of(kind: str) -> str:
    """The type token of a component, by its name in the package."""
    return f"gitlab-runner:index:{kind}"


def renamed_child(parent: pulumi.Resource, former: str) -> pulumi.ResourceOptions:
    """The options of a child, with an alias for its name in the first versions of this library."""
    return pulumi.ResourceOptions(parent=parent, aliases=[pulumi.Alias(name=former)])


def _camel_case(name: str) -> str:
    return re.sub("_(.)", lambda found: found[1].upper(), name)


def as_given(value: Any) -> Any:
    """A part of the model as an input. Problems of a handle are reported once, where its value is used."""
    if isinstance(value, Deferred):
        return pulumi.Output.from_input(value.source)
    if isinstance(value, Mapping):
        return {key: as_given(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_given(each) for each in value]
    return value
