"""The components as a Pulumi package, for stacks in any language."""

import inspect
from importlib.metadata import version

import pulumi
from pulumi.provider.experimental import component
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.component import ComponentProvider
from typing_extensions import get_original_bases

from pulumi_gitlab_runner import api

NAME = "gitlab-runner"
COMPONENTS: list[type[pulumi.ComponentResource]] = [
    each
    for each in vars(api).values()
    if inspect.isclass(each) and issubclass(each, pulumi.ComponentResource)
]


class DocumentedAnalyzer(Analyzer):
    """Pulumi's analyzer, which reads a field's docstring in the class itself, and here in its bases too.

    A TypedDict does not keep its bases in its method resolution order, so they are asked for by name.
    """

    def get_docstring(self, typ: type, name: str) -> str | None:
        """The docstring under the field `name` of a class."""
        found = super().get_docstring(typ, name)
        bases = get_original_bases(typ) if found is None else ()
        for base in bases:
            if name in getattr(base, "__annotations__", {}):
                return self.get_docstring(base, name)
        return found


def component_provider() -> ComponentProvider:
    """Pulumi's provider of the components, with the schema that it finds in them."""
    component.Analyzer = DocumentedAnalyzer  # type: ignore[attr-defined]
    return ComponentProvider(COMPONENTS, NAME, version=version("pulumi-gitlab-runner"))
