"""Resources described by a table of API operations."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import getitem
from typing import Any, ClassVar

from sandbox.providers.aws.resource import AwsResource
from sandbox.providers.aws.shapes import alike
from sandbox.standin.properties import Property, Text
from sandbox.standin.values import Properties


class TableResource(AwsResource):
    """A resource with an operation each to create, read, update and delete it.

    - ``makes``, ``shows``, ``removes``: the operations.
    - ``changes``: the operation of an update, by default ``makes``; or a table of operations by property: a
      pair has the operation for a given value, and the one for a removed value.
    - ``emptied``: the texts that an update removes with the empty string.
    - ``identity``: the inputs that its id consists of.
    - ``separator``: the separator of these in the id; if empty, the last of them is the id, and the others
      are in the state.
    - ``chosen``: in place of ``identity``, the API's name of the id that the service chooses.
    - ``made``: the member of the response of ``makes`` with that id, with dots; by default ``chosen``.
    - ``place``: the member of the response of ``shows`` with the resource; empty for the response itself.
    """

    makes: ClassVar[str]
    shows: ClassVar[str]
    changes: ClassVar[str | Mapping[str, str | tuple[str, str]]] = ""
    removes: ClassVar[str]
    emptied: ClassVar[tuple[str, ...]] = ()
    identity: ClassVar[tuple[str, ...]] = ()
    separator: ClassVar[str] = "/"
    chosen: ClassVar[str] = ""
    made: ClassVar[str] = ""
    place: ClassVar[str] = ""

    @classmethod
    def identify(cls, resource_id: str) -> tuple[str, Properties]:
        """Split the id of an import: it may end in ``@REGION``, and starts with the identity in the state."""
        proper, known = super().identify(resource_id)
        if cls.separator:
            return proper, known
        *others, last = proper.split("/", len(cls.identity) - 1)
        return last, {**known, **dict(zip(cls.identity, others, strict=False))}

    def create(self, inputs: Properties) -> str:
        """Create the resource."""
        answer = self.call(self.makes, inputs)
        if not self.identity:
            return str(reduce(getitem, (self.made or self.chosen).split("."), answer))
        return self.separator.join(inputs[name] for name in self._parts())

    def find(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        """The resource in the API's response; ``None`` if it does not exist."""
        answer = self.on(self.shows, resource_id, {}, known)
        live = answer[self.place] if self.place else answer
        if isinstance(live, list):
            live = next(iter(live), None)
        return {**answer, **live} if live else None

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the resource."""
        live = self.find(resource_id, known)
        if live is None:
            return None
        found = {**self.shown(live), **self._named(resource_id, known)}
        return {**found, "tagsAll": self.tags_of(found[self.tagged_by])} if self.tagged_by else found

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Call the operation of each changed property, once."""
        for operation in dict.fromkeys(self._operation(name, new) for name in sorted(changed)):
            if operation:
                self.on(operation, resource_id, new, old, emptied=changed & {*self.emptied} - new.keys())

    def _operation(self, name: str, new: Properties) -> str:
        """The operation that changes a property; empty if none does."""
        table = self.changes
        found = table.get(name, "") if isinstance(table, Mapping) else table or self.makes
        return found if isinstance(found, str) else found[0 if new.get(name) else 1]

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the resource."""
        self.on(self.removes, resource_id, state, state)

    def on(
        self,
        operation: str,
        resource_id: str,
        inputs: Properties,
        known: Properties,
        emptied: Iterable[str] = (),
    ) -> dict[str, Any]:
        """Call an operation on the resource, with those ``inputs`` that it accepts; return the response.

        Args:
            operation: the name of the operation in the API's model.
            resource_id: the id.
            inputs: values by property name.
            known: the state.
            emptied: the texts to send as the empty string, if the operation accepts them.
        """
        named: dict[str, Property] = {"id": Text(service_name=self.chosen)} if self.chosen else {}
        given = {**inputs, **self._named(resource_id, known), "id": resource_id}
        members = self.shape(operation).members
        empty = {there: "" for name in emptied if (there := alike(name, members))}
        return self.call(operation, given, {**self._sent(), **named}, **empty)

    @classmethod
    def _parts(cls) -> tuple[str, ...]:
        """The inputs that the id contains."""
        return cls.identity if cls.separator else cls.identity[-1:]

    def _named(self, resource_id: str, known: Properties) -> Properties:
        """The identity: from the id, and from what the state has."""
        parts = self._parts()
        values = resource_id.split(self.separator, len(parts) - 1) if self.separator else [resource_id]
        kept = {name: known[name] for name in self.identity if name in known}
        return {**kept, **dict(zip(parts, values, strict=False))}
