"""Resources with one path in GitLab's API each: created with POST, read with GET, updated with PUT."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from sandbox.providers.gitlab.api import Api
from sandbox.standin.properties import Property, Text, snake_case
from sandbox.standin.provider import Refused, Resource
from sandbox.standin.values import Properties


class ApiResource(Resource[Api]):
    """A resource of GitLab's API.

    The API's name of a property is its ``service_name``, by default the property's name in snake case.

    - ``collection``, ``member``: the paths of its creation and of itself, with parts of its id in braces.
    - ``identity``: the parts of its id, in order, separated by colons: inputs, and ``id``, GitLab's own id.
    - ``kind``, ``id_form``: what it is, and the form of its id, for messages.
    """

    collection: ClassVar[str]
    member: ClassVar[str]
    identity: ClassVar[tuple[str, ...]] = ("id",)
    kind: ClassVar[str]
    id_form: ClassVar[str] = "a number"

    def create(self, inputs: Properties) -> str:
        """Send all inputs but those in the path; return the id."""
        sent = {name: value for name, value in inputs.items() if f"{{{name}}}" not in self.collection}
        made = self.connection.post(_path(self.collection, inputs), self.created(sent))
        self.keep(made)
        return ":".join(str({"id": made.get("id"), **inputs}[name]) for name in self.identity)

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The properties that GitLab returns, and those in the id."""
        parts = self.parts(resource_id)
        live = self.connection.find(_path(self.member, parts), **self.query(parts))
        if live is None:
            return None
        return self.shown(live) | {name: part for name, part in parts.items() if name in self.inputs}

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Send the inputs that an update may change."""
        parts = self.parts(resource_id)
        self.connection.put(_path(self.member, parts), self.updated(old, new, changed), **self.query(parts))

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete the resource."""
        parts = self.parts(resource_id)
        self.connection.delete(_path(self.member, parts), **self.query(parts))

    def created(self, inputs: Properties) -> dict[str, Any]:
        """The body of the request that creates it."""
        return sent(self.inputs, inputs)

    def updated(self, old: Properties, new: Properties, changed: set[str]) -> dict[str, Any]:
        """The body of an update: all given properties that do not replace it."""
        return sent({name: part for name, part in self.inputs.items() if not part.replaces}, new)

    def shown(self, live: Mapping[str, Any]) -> Properties:
        """The properties in a response; a string that is null is empty, as in the official provider."""
        named = {
            name: (part, _parameter(name, part)) for name, part in {**self.inputs, **self.outputs}.items()
        }
        return {
            name: "" if live[there] is None and isinstance(part, Text) else live[there]
            for name, (part, there) in named.items()
            if there in live
        }

    def keep(self, made: Mapping[str, Any]) -> None:
        """Keep what only the response to the creation contains."""

    def query(self, parts: Mapping[str, Any]) -> dict[str, str]:
        """The query of requests to the path of the resource."""
        return {}

    @classmethod
    def parts(cls, resource_id: str) -> dict[str, Any]:
        """The parts of an id; GitLab's own ids are numbers."""
        given = resource_id.split(":", len(cls.identity) - 1)
        parts: dict[str, Any] = dict(zip(cls.identity, given, strict=False))
        if cls.identity[-1] not in parts or not all(given) or not given[-1].isdecimal():
            cls.refuse_id(resource_id)
        return parts | {cls.identity[-1]: int(given[-1])}

    @classmethod
    def refuse_id(cls, resource_id: str) -> None:
        """Raise the error of an id that does not have this form."""
        raise Refused(f"{resource_id!r} is not the id of {cls.kind}: {cls.id_form} is expected")


def sent(properties: Mapping[str, Property], inputs: Properties) -> dict[str, Any]:
    """The given ones of properties, by the API's names."""
    return {_parameter(name, part): inputs[name] for name, part in properties.items() if name in inputs}


def _parameter(name: str, part: Property) -> str:
    return part.service_name or snake_case(name)


def _path(template: str, parts: Mapping[str, Any]) -> str:
    return template.format_map({name: quote(str(part), safe="") for name, part in parts.items()})
