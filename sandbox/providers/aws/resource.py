"""What the resource types of AWS have in common: a region, tags, and errors that mean it is gone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from sandbox.providers.aws.connection import Connection
from sandbox.providers.aws.shapes import alike, from_api, to_api
from sandbox.standin.properties import ListOf, MapOf, Property, Text
from sandbox.standin.provider import Resource
from sandbox.standin.values import Properties

REGION = {"region": Text(computed=True, replaces=True)}
"""The input of every regional resource."""

TAGS = {"tags": MapOf(Text()), "tagsAll": MapOf(Text(), computed=True, service_name="Tags")}
"""The inputs of every resource with tags; ``tagsAll`` is ``tags`` and the provider's default tags."""

_TAGGING: Mapping[str, Property] = {"tags": MapOf(Text()), "tagKeys": ListOf(Text())}


class AwsResource(Resource[Connection]):
    """A resource type of AWS.

    - ``service``: the name of the API that it is made with.
    - ``gone``: the codes of the API's errors that mean that the resource does not exist.
    - ``tagged``: what the API's operations call that which they tag.
    - ``unshown``: the inputs that the API does not show, which the state keeps.

    A type defines `describe` and `remove` in place of `read` and `delete`. `describe` gives all tags as
    ``tagsAll``.
    """

    service: ClassVar[str]
    gone: ClassVar[Sequence[str]] = ()
    tagged: ClassVar[str] = "Resource"
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
        """The answer of ``operation``, asked with those ``inputs`` that it takes and with ``more``.

        Args:
            operation: as the API's model calls it.
            inputs: values by the names of properties.
            properties: their description; by default those of the type, its tags among them.
            more: further arguments, by their names in the API.
        """
        from botocore import xform_name

        request = to_api(properties or self._sent(), inputs, self.shape(operation))
        answer: dict[str, Any] = getattr(self.client, xform_name(operation))(**{**request, **more})
        return answer

    def shape(self, operation: str, *members: str) -> Any:
        """The API's shape of what an operation takes, or of a part of it."""
        shape = self.client.meta.service_model.operation_model(operation).input_shape
        for member in members:
            shape = shape.members[member]
        return shape

    def shown(self, live: Mapping[str, Any]) -> Properties:
        """The properties of the resource in an answer of the API, its tags among them."""
        shown = {name: part for name, part in self._sent().items() if name not in self.unshown}
        found = from_api({**shown, **self.outputs}, live)
        if "tagsAll" in found:
            found["tagsAll"] = found["tagsAll"] or {}
        return found

    def retag(self, named: str, old: Properties, new: Properties) -> None:
        """Bring the tags of what the API knows as ``named`` from those of ``old`` to those of ``new``."""
        added, removed = tag_changes(old, new)
        for verb, tags in (("Untag", {"tagKeys": removed}), ("Tag", {"tags": added})):
            if any(tags.values()):
                members = self.shape(f"{verb}{self.tagged}").members
                place = next(name for name in members if not alike(name, _TAGGING))
                self.call(f"{verb}{self.tagged}", tags, _TAGGING, **{place: named})

    def tags_of(self, named: str) -> dict[str, str]:
        """The tags of what the API knows as ``named``, where it shows them by themselves."""
        (place,) = self.shape("ListTagsForResource").members
        answer = self.call("ListTagsForResource", {}, None, **{place: named})
        return from_api(_TAGGING, answer)["tags"] or {}

    @classmethod
    def _sent(cls) -> dict[str, Property]:
        """The inputs that are the API's, and not the provider's alone."""
        own = ("region", "tags")
        return {name: part for name, part in cls.inputs.items() if name not in own}

    @classmethod
    def identify(cls, resource_id: str) -> tuple[str, Properties]:
        """The id to import may end in ``@REGION``."""
        proper, separator, region = resource_id.rpartition("@")
        regional = separator and "region" in cls.inputs
        return (proper, {"region": region}) if regional else (resource_id, {})

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """As `read`; an error in ``gone`` means that the resource is gone."""
        raise NotImplementedError

    def remove(self, resource_id: str, state: Properties) -> None:
        """As `delete`; an error in ``gone`` means that the resource is gone."""
        raise NotImplementedError

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The properties of the resource as they are now, or ``None`` if it is gone."""
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

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete the resource; no error if it is gone."""
        try:
            self.remove(resource_id, state)
        except Exception as error:
            if error_code(error) not in self.gone:
                raise

    def _own_tags(self, tags: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        """``tags`` without those that the provider's default tags explain."""
        defaults = self.connection.default_tags
        return {key: value for key, value in tags.items() if key in known or defaults.get(key) != value}


def error_code(error: Exception) -> str:
    """The code of an error of an AWS API, as ``NoSuchEntity``; nothing for any other error."""
    response = getattr(error, "response", None)
    return (
        str(response["Error"].get("Code", "")) if isinstance(response, dict) and "Error" in response else ""
    )


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Tags in the form that most APIs take."""
    return [{"Key": name, "Value": text} for name, text in (tags or {}).items()]


def tag_map(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags from the form that most APIs give."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags or ()}


def tag_changes(old: Properties, new: Properties) -> tuple[dict[str, str], list[str]]:
    """The tags to set and the keys of those to remove, to bring a resource from ``old`` to ``new``."""
    before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    return changed, [key for key in before if key not in after]


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """``arguments`` of a call without those that have no value."""
    return {name: value for name, value in arguments.items() if value not in (None, "", [], {})}
