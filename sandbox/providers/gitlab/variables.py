"""`gitlab.ProjectVariable`, `gitlab.GroupVariable` and `gitlab.InstanceVariable`: CI/CD variables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.providers.gitlab.api_resource import ApiResource, sent
from sandbox.standin.properties import Failure, Flag, Property, Text
from sandbox.standin.values import Properties

VARIABLE_TYPES = ("env_var", "file")

_KEY = Text(
    required=True,
    replaces=True,
    minimum_length=1,
    maximum_length=255,
    pattern=r"[a-zA-Z0-9_]*",
    pattern_meaning="a string of letters, digits and _",
)


@dataclass(frozen=True, kw_only=True)
class UnshownText(Text):
    """A string whose value no message contains. As officially, the program marks it as secret."""

    def _refuse(self, value: Any, allowed: str, path: str, failures: list[Failure]) -> None:
        failures.append(Failure(path, f"the value, which is not shown, is not allowed; allowed is {allowed}"))


_RESET = {"masked": False, "raw": False, "description": ""}
"""The properties of a scoped variable that are always sent, and their defaults."""


class ScopedVariable(ApiResource):
    """A variable of a project or group: its id is `PLACE:KEY:ENVIRONMENT_SCOPE`.

    As in the official provider, an update always sends `masked`, `raw` and `description`, which resets them
    if they are not given, and the other properties only if they are given.
    """

    kind, id_form = "a variable", "PROJECT_OR_GROUP:KEY:ENVIRONMENT_SCOPE"

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        if inputs.get("hidden") is True and not inputs.get("masked"):
            yield Failure("hidden", "a variable cannot be hidden without being masked; set masked to true")

    @classmethod
    def unsettled(cls, changed: set[str]) -> Sequence[str]:
        """The properties that an update may reset."""
        return tuple(_RESET)

    def created(self, inputs: Properties) -> dict[str, Any]:
        """The properties of the variable; it can be hidden only at its creation."""
        hidden = {"masked": False, "masked_and_hidden": True} if inputs.get("hidden") else {}
        return {"key": inputs["key"], **self.updated({}, inputs, set()), **hidden}

    def updated(self, old: Properties, new: Properties, changed: set[str]) -> dict[str, Any]:
        """The given properties, and the ones that are always sent."""
        settings = {name: part for name, part in self.inputs.items() if name not in ("key", "hidden")}
        return sent(settings, _RESET | {name: new[name] for name in new if name != self.identity[0]})

    def shown(self, live: Mapping[str, Any]) -> Properties:
        """The variable; GitLab does not return the value of a hidden one, so the state keeps its value."""
        found = super().shown(live)
        if live["hidden"]:
            del found["value"]
        return found

    def query(self, parts: Mapping[str, Any]) -> dict[str, str]:
        """The filter that GitLab requires if several variables have the same key."""
        return {"filter[environment_scope]": parts["environmentScope"]}

    @classmethod
    def parts(cls, resource_id: str) -> dict[str, Any]:
        """The project or group, the key, and the scope, by default `*`."""
        place, _, rest = resource_id.partition(":")
        key, _, scope = rest.partition(":")
        if not place or not key:
            cls.refuse_id(resource_id)
        return {cls.identity[0]: place, "key": key, "environmentScope": scope or "*"}


def _scoped_inputs(place: str) -> dict[str, Property]:
    return {
        place: Text(required=True, replaces=True),
        "key": _KEY,
        "value": UnshownText(required=True),
        "description": Text(computed=True),
        "environmentScope": Text(replaces=True, default="*"),
        "hidden": Flag(computed=True, replaces=True),
        "masked": Flag(computed=True),
        "protected": Flag(computed=True),
        "raw": Flag(computed=True),
        "variableType": Text(computed=True, one_of=VARIABLE_TYPES),
    }


class ProjectVariable(ScopedVariable):
    """A variable of a project."""

    token = "gitlab:index/projectVariable:ProjectVariable"
    inputs = _scoped_inputs("project")
    collection, member = "projects/{project}/variables", "projects/{project}/variables/{key}"
    identity = ("project", "key", "environmentScope")


class GroupVariable(ScopedVariable):
    """A variable of a group."""

    token = "gitlab:index/groupVariable:GroupVariable"
    inputs = _scoped_inputs("group")
    collection, member = "groups/{group}/variables", "groups/{group}/variables/{key}"
    identity = ("group", "key", "environmentScope")


class InstanceVariable(ApiResource):
    """A variable of the whole instance; its id is the key."""

    token = "gitlab:index/instanceVariable:InstanceVariable"
    inputs = {
        "key": _KEY,
        "value": UnshownText(required=True),
        "description": Text(computed=True, maximum_length=255),
        "masked": Flag(default=False),
        "protected": Flag(default=False),
        "raw": Flag(default=False),
        "variableType": Text(default="env_var", one_of=VARIABLE_TYPES),
    }
    collection, member, identity = "admin/ci/variables", "admin/ci/variables/{key}", ("key",)

    @classmethod
    def parts(cls, resource_id: str) -> dict[str, Any]:
        return {"key": resource_id}
