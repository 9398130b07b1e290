"""`gitlab.ProjectVariable`, `gitlab.GroupVariable` and `gitlab.InstanceVariable`: CI/CD variables."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sandbox.providers.gitlab.api import Api, place
from sandbox.standin.properties import Failure, Flag, Property, Text
from sandbox.standin.provider import Refused, Resource
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


class ScopedVariable(Resource[Api]):
    """A variable of a project or group: its id is `PLACE:KEY:ENVIRONMENT_SCOPE`.

    As in the official provider, an update always sends `masked`, `raw` and `description`, which resets them
    if they are not given, and the other properties only if they are given.
    """

    place_name: ClassVar[str]
    """The input that names the project or group."""

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """A hidden variable must be masked."""
        if inputs.get("hidden") is True and not inputs.get("masked"):
            yield Failure("hidden", "a variable cannot be hidden without being masked; set masked to true")

    @classmethod
    def unsettled(cls, changed: set[str]) -> Sequence[str]:
        """The properties that an update may reset."""
        return tuple(_SET_BACK)

    def create(self, inputs: Properties) -> str:
        """Creates the variable; it can be hidden only at its creation."""
        body = {"key": inputs["key"], **_sent(inputs)}
        if inputs.get("hidden"):
            body |= {"masked": False, "masked_and_hidden": True}
        self.connection.post(self._variables_of(inputs[self.place_name]), body)
        return f"{inputs[self.place_name]}:{inputs['key']}:{inputs['environmentScope']}"

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The variable; GitLab does not return the value of a hidden one, so the state keeps its value."""
        place_id, key, scope = _parts(resource_id)
        variable = self.connection.find(f"{self._variables_of(place_id)}/{key}", **_only(scope))
        if variable is None:
            return None
        found = _shown(variable)
        found |= {self.place_name: place_id, "environmentScope": scope, "hidden": variable["hidden"]}
        if variable["hidden"]:
            del found["value"]
        return found

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Sends the given properties of the variable."""
        place_id, key, scope = _parts(resource_id)
        self.connection.put(f"{self._variables_of(place_id)}/{key}", _sent(new), **_only(scope))

    def delete(self, resource_id: str, state: Properties) -> None:
        """Deletes the variable with this scope."""
        place_id, key, scope = _parts(resource_id)
        self.connection.delete(f"{self._variables_of(place_id)}/{key}", **_only(scope))

    @abstractmethod
    def _variables_of(self, place_id: str) -> str:
        """The path of the variables of a project or group."""


def _scoped_inputs(place_name: str) -> dict[str, Property]:
    return {
        place_name: Text(required=True, replaces=True),
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
    place_name = "project"
    inputs = _scoped_inputs(place_name)

    def _variables_of(self, place_id: str) -> str:
        return f"{place('projects', place_id)}/variables"


class GroupVariable(ScopedVariable):
    """A variable of a group."""

    token = "gitlab:index/groupVariable:GroupVariable"
    place_name = "group"
    inputs = _scoped_inputs(place_name)

    def _variables_of(self, place_id: str) -> str:
        return f"{place('groups', place_id)}/variables"


class InstanceVariable(Resource[Api]):
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

    def create(self, inputs: Properties) -> str:
        """Creates the variable."""
        self.connection.post("admin/ci/variables", {"key": inputs["key"], **_given(inputs)})
        return str(inputs["key"])

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The variable."""
        variable = self.connection.find(_instance_path(resource_id))
        return None if variable is None else _shown(variable)

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Sends the given properties of the variable."""
        self.connection.put(_instance_path(resource_id), _given(new))

    def delete(self, resource_id: str, state: Properties) -> None:
        """Removes the variable."""
        self.connection.delete(_instance_path(resource_id))


_SET_BACK = {"masked": False, "raw": False, "description": ""}
"""The defaults sent for a scoped variable; property and parameter have the same name."""

_PARAMETERS = {
    "value": "value",
    "description": "description",
    "environmentScope": "environment_scope",
    "masked": "masked",
    "protected": "protected",
    "raw": "raw",
    "variableType": "variable_type",
}
"""The properties that an update may send: the property to the parameter of the API."""


def _given(inputs: Properties) -> dict[str, Any]:
    return {parameter: inputs[name] for name, parameter in _PARAMETERS.items() if name in inputs}


def _sent(inputs: Properties) -> dict[str, Any]:
    return {**_SET_BACK, **_given(inputs)}


def _shown(variable: dict[str, Any]) -> Properties:
    found = {name: variable[parameter] for name, parameter in _PARAMETERS.items() if parameter in variable}
    return {**found, "key": variable["key"], "description": variable["description"] or ""}


def _only(scope: str) -> dict[str, str]:
    """The filter that GitLab requires if several variables have the same key."""
    return {"filter[environment_scope]": scope}


def _instance_path(resource_id: str) -> str:
    return f"admin/ci/variables/{resource_id}"


def _parts(resource_id: str) -> tuple[str, str, str]:
    place_id, _, rest = resource_id.partition(":")
    key, _, scope = rest.partition(":")
    if not place_id or not key:
        raise Refused(
            f"{resource_id!r} is not the id of a variable: PROJECT_OR_GROUP:KEY:ENVIRONMENT_SCOPE is expected"
        )
    return place_id, key, scope or "*"
