"""The provider of the components, for programs in any language."""

import inspect
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult
from pulumi.provider.experimental import component
from pulumi.provider.experimental.analyzer import (
    Analyzer,
    ComponentDefinition,
    PropertyDefinition,
    TypeDefinition,
)
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError
from typing_extensions import get_original_bases

from pulumi_gitlab_runner import __version__, api
from pulumi_gitlab_runner.package.metadata import registry_metadata
from pulumi_gitlab_runner.package.schema import Marks, completed_schema, respelled, spellings
from pulumi_gitlab_runner.resolution import DeclarationRefused
from pulumi_gitlab_runner.spec.inputs import Identifier, InputType

NAME = "gitlab-runner"
COMPONENTS: list[type[pulumi.ComponentResource]] = [
    each
    for each in vars(api).values()
    if inspect.isclass(each) and issubclass(each, pulumi.ComponentResource)
]

_PART = re.compile(r'\.([^.\[\]]+)|\[(\d+)\]|\["([^"]+)"\]')
_WITHIN = ("runner", "role", "auth")
"""The arguments that the path of a problem omits: it names their fields directly."""


class DeclarationAnalyzer(Analyzer):
    """Pulumi's analyzer, extended by the marks of a declaration's fields.

    Attributes:
        marks: the marks of each field, by its class and its name in Python.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.marks: Marks = {}

    def analyze_property(
        self,
        arg: Any,
        typ: type,
        name: str,
        *,
        can_be_plain: bool,
        is_component_output: bool,
        optional: bool | None = None,
    ) -> PropertyDefinition:
        """The definition of a field: one that accepts an Output is not plain, whatever its type."""
        if get_origin(arg) is not Annotated:
            return super().analyze_property(
                arg,
                typ,
                name,
                can_be_plain=can_be_plain,
                is_component_output=is_component_output,
                optional=optional,
            )
        inner, *marks = get_args(arg)
        kinds = {"secret" for mark in marks if isinstance(mark, InputType) and mark.secret}
        kinds |= {"identifier" for mark in marks if isinstance(mark, Identifier)}
        if kinds:
            self.marks.setdefault((typ.__name__, name), set()).update(kinds)
        accepts_outputs = any(isinstance(mark, InputType) for mark in marks)
        return self.analyze_property(
            inner,
            typ,
            name,
            can_be_plain=can_be_plain and not accepts_outputs,
            is_component_output=is_component_output,
            optional=optional,
        )

    def get_docstring(self, typ: type, name: str) -> str | None:
        """The docstring of a field, in its class or in a base class.

        The method resolution order of a TypedDict does not contain its bases, so each base is searched.
        """
        found = super().get_docstring(typ, name)
        bases = get_original_bases(typ) if found is None else ()
        for base in bases:
            if name in getattr(base, "__annotations__", {}):
                return self.get_docstring(base, name)
        return found


class PackageProvider(ComponentProvider):
    """Pulumi's component provider, with the completed schema, and with errors that name the property."""

    def __init__(self) -> None:
        component.Analyzer = DeclarationAnalyzer  # type: ignore[attr-defined]
        super().__init__(COMPONENTS, NAME, version=__version__)
        marks = self.analyzer.marks  # type: ignore[attr-defined]
        schema = completed_schema(json.loads(self.schema or "{}"), marks)
        self._spellings = spellings(schema)
        self.schema = json.dumps(registry_metadata(schema))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Any,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Construct a component.

        Raises:
            InputPropertiesError: its arguments have problems; with the path of each, in the caller's
                spelling.
        """
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, DeclarationRefused):
                raise self.refused(error.inner, name, resource_type) from None
            if isinstance(error.inner, pulumi.RunError):
                raise error.inner from None
            raise

    def refused(self, refused: DeclarationRefused, name: str, resource_type: str) -> InputPropertiesError:
        """The problems of arguments, as the engine reports them in any language.

        Args:
            refused: the problems.
            name: the name of the component.
            resource_type: the type token of the component.
        """
        definition = self._component_defs[resource_type.rpartition(":")[2]]
        errors = [
            {
                "property_path": self._spelled(problem.path, name, definition),
                "reason": "; ".join(
                    respelled(part, self._spellings)
                    for part in (
                        f"found {problem.found}",
                        problem.allowed and f"allowed: {problem.allowed}",
                        problem.fix,
                    )
                    if part
                ),
            }
            for problem in refused.problems
        ]
        return InputPropertiesError("The declaration has a problem; nothing was created", errors)  # type: ignore[arg-type]

    def map_input_properties(
        self,
        inputs: Any,
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> Any:
        """The inputs with their names in Python; Outputs at any depth stay, and mismatches are found later.

        Pulumi's implementation drops an Output in place of an object, and fails for one in place of a number.
        """
        del component_name, property_path
        return {
            mapping.get(key, key): self._mapped(value, properties.get(key))
            for key, value in inputs.items()
            if value is not None
        }

    def _mapped(self, value: Any, prop: PropertyDefinition | None) -> Any:
        if prop is None:
            return value
        kind = self._type_of(prop)
        if kind is not None and isinstance(value, dict):
            return self.map_input_properties(value, kind.properties, kind.properties_mapping, "", "")
        if isinstance(value, list):
            return [self._mapped(each, prop.items) for each in value]
        if isinstance(value, dict):
            return {key: self._mapped(each, prop.additional_properties) for key, each in value.items()}
        return value

    def _type_of(self, prop: PropertyDefinition | None) -> TypeDefinition | None:
        return self.get_type_definition(prop) if prop is not None and prop.ref else None

    def _spelled(self, path: str, name: str, definition: ComponentDefinition) -> str:
        """The path of a problem in the caller's spelling, relative to the component."""
        start = "stack" if path.startswith("stack") and definition.name == "RunnerStack" else name
        properties, mapping = definition.inputs, definition.inputs_mapping
        current: PropertyDefinition | None = None
        spelled = ""
        for field, index, quoted in _PART.findall(path.removeprefix(start)):
            part = field or quoted
            if index:
                spelled += f"[{index}]"
                current = current.items if current else None
            elif current is not None and current.additional_properties is not None:
                spelled += f".{part}" if field else f'["{part}"]'
                current = current.additional_properties
            else:
                known = {python: schema for schema, python in mapping.items()}
                within = next((each for each in _WITHIN if part not in known and each in known), None)
                if within:
                    spelled += f".{within}"
                    kind = self._type_of(properties[known[within]])
                    if kind:
                        properties, mapping = kind.properties, kind.properties_mapping
                        known = {python: schema for schema, python in mapping.items()}
                spelled += f".{known.get(part, part)}"
                current = properties.get(known.get(part, part))
            if kind := self._type_of(current):
                properties, mapping = kind.properties, kind.properties_mapping
                current = None
        return spelled.lstrip(".") or name


def analyzed_schema() -> Mapping[str, Any]:
    """The schema of the package, derived from the components."""
    schema: dict[str, Any] = json.loads(PackageProvider().schema or "{}")
    return schema
