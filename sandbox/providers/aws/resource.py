"""The base class of the AWS resource types: region, tags, and errors that mean "not found"."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from sandbox.providers.aws.connection import Connection
from sandbox.providers.aws.shapes import alike, from_api, to_api
from sandbox.standin.properties import Failure, ListOf, MapOf, Property, Text
from sandbox.standin.provider import Resource
from sandbox.standin.values import Properties

REGION = {"region": Text(computed=True, replaces=True)}
"""The input of every regional resource."""

TAGS = {"tags": MapOf(Text()), "tagsAll": MapOf(Text(), computed=True, service_name="Tags")}
"""The inputs of every resource with tags; ``tagsAll`` is ``tags`` and the provider's default tags."""

_TAGGING: Mapping[str, Property] = {"tags": MapOf(Text()), "tagKeys": ListOf(Text())}


class AwsResource(Resource[Connection]):
    """A resource type of AWS.

    - ``service``: the name of its API in botocore.
    - ``gone``: the error codes of the API that mean that the resource does not exist.
    - ``tagged``: the noun in the names of the API's tagging operations, such as TagRole.
    - ``tagged_by``: the property that names the resource in these, in place of its id; a table resource with
      it lists its tags with ListTagsForResource.
    - ``unshown``: the inputs that the API does not return; the state keeps them.

    A type defines `describe`, `change` and `remove` in place of `read`, `update` and `delete`. `describe`
    returns all tags as ``tagsAll``, and `change` does not change them.
    """

    service: ClassVar[str]
    gone: ClassVar[Sequence[str]] = ()
    tagged: ClassVar[str] = "Resource"
    tagged_by: ClassVar[str] = ""
    unshown: ClassVar[Sequence[str]] = ()

    @property
    def client(self) -> Any:
        """The client for ``service``."""
        return self.connection.client(self.service)

    def call(
        self,
        operation: str,
        inputs: Properties,
        properties: Mapping[str, Property] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Call ``operation`` with those ``inputs`` that it accepts, and ``more``; return the response.

        Args:
            operation: the name of the operation in the API's model.
            inputs: values by property name.
            properties: the description of the properties; by default the type's, with its tags.
            more: additional parameters, by their names in the API.
        """
        from botocore import xform_name

        request = to_api(properties or self._sent(), inputs, self.shape(operation))
        answer: dict[str, Any] = getattr(self.client, xform_name(operation))(**{**request, **more})
        return answer

    def shape(self, operation: str, *members: str) -> Any:
        """The botocore shape of an operation's input, or of a member of it."""
        shape = self.client.meta.service_model.operation_model(operation).input_shape
        for member in members:
            shape = shape.members[member]
        return shape

    def shown(self, live: Mapping[str, Any]) -> Properties:
        """The properties of the resource in a response of the API, with its tags."""
        shown = {name: part for name, part in self._sent().items() if name not in self.unshown}
        found = from_api({**shown, **self.outputs}, live)
        if "tagsAll" in found:
            found["tagsAll"] = found["tagsAll"] or {}
        return found

    def retag(self, named: str, old: Properties, new: Properties) -> None:
        """Update the tags of the resource ``named``, its id in the API, from those of ``old`` to ``new``."""
        added, removed = tag_changes(old, new)
        for verb, tags in (("Untag", {"tagKeys": removed}), ("Tag", {"tags": added})):
            if any(tags.values()):
                members = self.shape(f"{verb}{self.tagged}").members
                place = next(name for name in members if not alike(name, _TAGGING))
                self.call(f"{verb}{self.tagged}", tags, _TAGGING, **{place: named})

    def tags_of(self, named: str) -> dict[str, str]:
        """The tags of the resource ``named``, its id in the API, from ListTagsForResource."""
        (place,) = self.shape("ListTagsForResource").members
        answer = self.call("ListTagsForResource", {}, None, **{place: named})
        return from_api(_TAGGING, answer)["tags"] or {}

    @classmethod
    def _sent(cls) -> dict[str, Property]:
        """The inputs of the API, without those that only the provider has."""
        own = ("region", "tags")
        return {name: part for name, part in cls.inputs.items() if name not in own}

    @classmethod
    def identify(cls, resource_id: str) -> tuple[str, Properties]:
        """Split the id of an import, which may end in ``@REGION``."""
        proper, separator, region = resource_id.rpartition("@")
        regional = separator and "region" in cls.inputs
        return (proper, {"region": region}) if regional else (resource_id, {})

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """As `read`; an error in ``gone`` means that the resource does not exist."""
        raise NotImplementedError

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """As `update`, without tags; by default nothing, for inputs that only the provider uses."""

    def remove(self, resource_id: str, state: Properties) -> None:
        """As `delete`; an error in ``gone`` means that the resource does not exist."""
        raise NotImplementedError

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the resource, or ``None`` if it does not exist."""
        try:
            live = self.describe(resource_id, known)
        except Exception as error:
            if error_code(error) in self.gone:
                return None
            raise
        if live is None:
            return None
        if "tagsAll" in live:
            live["tags"] = self._own_tags(live["tagsAll"], known.get("tags") or {})
        if "region" in self.inputs:
            live["region"] = self.connection.region
        return live

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Update the resource, then its tags."""
        if own := changed - {"tags", "tagsAll"}:
            self.change(resource_id, old, new, own)
        if "tagsAll" in changed:
            self.retag(old.get(self.tagged_by, resource_id), old, new)

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete the resource; no error if it does not exist."""
        try:
            self.remove(resource_id, state)
        except Exception as error:
            if error_code(error) not in self.gone:
                raise

    def _own_tags(self, tags: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        """``tags`` without the provider's default tags."""
        defaults = self.connection.default_tags
        return {key: value for key, value in tags.items() if key in known or defaults.get(key) != value}


def error_code(error: Exception) -> str:
    """The code of an AWS API's error, such as ``NoSuchEntity``; empty for any other error."""
    response = getattr(error, "response", None)
    return (
        str(response["Error"].get("Code", "")) if isinstance(response, dict) and "Error" in response else ""
    )


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Tags in the format of most APIs' requests."""
    return [{"Key": name, "Value": text} for name, text in (tags or {}).items()]


def tag_map(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags from the format of most APIs' responses."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags or ()}


def tag_changes(old: Properties, new: Properties) -> tuple[dict[str, str], list[str]]:
    """The tags to set and the keys of those to remove, for an update from ``old`` to ``new``."""
    before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    return changed, [key for key in before if key not in after]


def exactly_one(inputs: Properties, *names: str) -> Iterator[Failure]:
    """The failure of ``inputs`` that have none of the properties ``names``, or several."""
    found = [name for name in names if name in inputs]
    if len(found) != 1:
        reason = f"one of {', '.join(names)} must be given; found {' and '.join(found) or 'none'}"
        yield Failure(names[0], reason)


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """``arguments`` of a call without empty values."""
    return {name: value for name, value in arguments.items() if value not in (None, "", [], {})}
