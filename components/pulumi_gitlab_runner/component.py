"""What the components have in common."""

from typing import Generic, Self, TypeVar

import pulumi

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
