"""CI/CD variables of projects, groups and the instance, with GitLab's rules for them.

Sources: GitLab's `lib/api/ci/variables.rb`, `lib/api/group_variables.rb`, `lib/api/admin/ci/variables.rb` and
the concerns of `Ci::Variable` (HasVariable, Maskable, HidableVariable, HasEnvironmentScope, Limitable).
The double is a Premium instance: group variables have scopes. Stricter than GitLab: an update of one of
several group variables with the same key requires the filter, where GitLab updates any of them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from sandbox.services.gitlab.access import (
    authenticate,
    find_group,
    find_project,
    instance,
    require_administrator,
    require_role,
)
from sandbox.services.gitlab.pages import page_of
from sandbox.services.gitlab.parameters import (
    ENVIRONMENT_SCOPE_FILTER,
    PAGINATION,
    Parameter,
    boolean,
    read_parameters,
)
from sandbox.services.gitlab.refusals import conflict, invalid, not_found
from sandbox.services.gitlab.state import Role, Variable

PLACES = (
    "/projects/<path:project>/variables",
    "/groups/<path:group>/variables",
    "/admin/ci/variables",
)
KEY = re.compile(r"[a-zA-Z0-9_]+")
KEY_LENGTH = 255
DESCRIPTION_LENGTH = 255
INSTANCE_VALUE_LENGTH = 10_000
ENVIRONMENT_SCOPE = re.compile(r"[a-zA-Z0-9_/\\${}. \-*]+")
MASKED_EXPANDED_VALUE = re.compile(r"[a-zA-Z0-9_+=/@:.~-]{8,}")
MASKED_RAW_VALUE = re.compile(r"\S{8,}")

_COMMON = (
    Parameter("protected", boolean),
    Parameter("masked", boolean),
    Parameter("raw", boolean),
    Parameter("variable_type", values=("env_var", "file")),
    Parameter("description", nullable=True),
)
_SCOPED = (*_COMMON, Parameter("environment_scope"))
_NEW = (Parameter("key", required=True), Parameter("value", required=True))

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

blueprint = Blueprint("variables", __name__)
blueprint.before_request(authenticate)


@dataclass(frozen=True)
class VariableList:
    """The variables of one place.

    Args:
        items: the variables.
        kind: the name of a variable in GitLab's 404 message.
        limit: the maximum number of variables.
        limit_name: the name of the variables in GitLab's message about the limit.
        scoped: whether they have a scope and can be hidden.
    """

    items: list[Variable]
    kind: str
    limit: int
    limit_name: str
    scoped: bool = True

    def find(self, key: str, scope: str | None) -> Variable:
        """The variable with this key, and with this scope if given.

        Raises:
            RefusalError: 404 if not found, 409 if there are several.
        """
        found = [
            variable
            for variable in self.items
            if variable.key == key and scope in (None, variable.environment_scope)
        ]
        if not found:
            raise not_found(self.kind)
        if len(found) > 1:
            raise conflict(
                "There are multiple variables with provided parameters. "
                "Please use 'filter[environment_scope]'"
            )
        return found[0]

    def add(self, variable: Variable) -> None:
        """Adds a new variable; 400 if it is invalid."""
        errors = rule_violations(variable, self.items, scoped=self.scoped)
        if len(self.items) >= self.limit:
            errors["base"] = [f"Maximum number of {self.limit_name} ({self.limit}) exceeded"]
        if errors:
            raise invalid(errors)
        self.items.append(variable)

    def change(self, variable: Variable, changed: Variable) -> None:
        """Replaces a variable with the changed one; 400 if it is invalid."""
        siblings = [sibling for sibling in self.items if sibling is not variable]
        errors = rule_violations(changed, siblings, scoped=self.scoped)
        if variable.hidden and not changed.masked:
            errors["base"] = ["Updating masked attribute is not allowed on updates for hidden variables."]
        if errors:
            raise invalid(errors)
        self.items[self.items.index(variable)] = changed


def rule_violations(
    variable: Variable, siblings: Sequence[Variable], *, scoped: bool
) -> dict[str, list[str]]:
    """The validation errors of a variable: the messages by attribute, empty if valid.

    Args:
        variable: the new or changed variable.
        siblings: the other variables of the same project, group or instance.
        scoped: whether these variables have a scope; those of the instance do not.
    """
    errors: dict[str, list[str]] = {}

    def refuse(attribute: str, message: str) -> None:
        errors.setdefault(attribute, []).append(message)

    if not variable.key:
        refuse("key", "can't be blank")
    if len(variable.key) > KEY_LENGTH:
        refuse("key", f"is too long (maximum is {KEY_LENGTH} characters)")
    if not KEY.fullmatch(variable.key):
        refuse("key", "can contain only letters, digits and '_'.")
    if any(
        (sibling.key, sibling.environment_scope) == (variable.key, variable.environment_scope)
        for sibling in siblings
    ):
        refuse("key", f"({variable.key}) has already been taken")
    if variable.masked:
        allowed = MASKED_RAW_VALUE if variable.raw else MASKED_EXPANDED_VALUE
        if not allowed.fullmatch(variable.value):
            refuse("value", "is invalid")
    if not scoped and len(variable.value) > INSTANCE_VALUE_LENGTH:
        refuse(
            "value",
            f"The value of the provided variable exceeds the {INSTANCE_VALUE_LENGTH} character limit",
        )
    if not variable.environment_scope:
        refuse("environment_scope", "can't be blank")
    if not ENVIRONMENT_SCOPE.fullmatch(variable.environment_scope):
        refuse(
            "environment_scope",
            "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and spaces",
        )
    if len(variable.description or "") > DESCRIPTION_LENGTH:
        refuse("description", f"is too long (maximum is {DESCRIPTION_LENGTH} characters)")
    return errors


def variable_details(variable: Variable, *, scoped: bool = True) -> dict[str, Any]:
    """A variable in the API's response, without the value of a hidden one."""
    details = {
        "variable_type": variable.variable_type,
        "key": variable.key,
        "value": None if variable.hidden else variable.value,
        "protected": variable.protected,
        "masked": variable.masked,
        "raw": variable.raw,
        "description": variable.description,
    }
    if scoped:
        details.update(hidden=variable.hidden, environment_scope=variable.environment_scope)
    return details


def _variables_of(project: str | None = None, group: str | None = None) -> VariableList:
    """The variables of a project, a group or, without either, the instance, if the user may manage them."""
    if project:
        found_project = find_project(project)
        require_role(found_project, Role.MAINTAINER)
        return VariableList(found_project.variables, "Variable", 8000, "project ci variables")
    if group:
        found_group = find_group(group)
        require_role(found_group, Role.OWNER)
        return VariableList(found_group.variables, "GroupVariable", 30_000, "group ci variables")
    require_administrator()
    return VariableList(
        instance().variables, "InstanceVariable", 25, "ci instance level variables", scoped=False
    )


def _at_every_place(method: str, suffix: str = "") -> Callable[[View], View]:
    """Registers a view for projects, groups and the instance."""

    def register(view: View) -> View:
        for place in PLACES:
            blueprint.add_url_rule(place + suffix, view_func=view, methods=[method])
        return view

    return register


@_at_every_place("GET")
def list_variables(**place: str) -> Response:
    """Lists the variables of a project, a group or the instance."""
    variables = _variables_of(**place)
    parameters = read_parameters(PAGINATION)
    return page_of(
        [variable_details(variable, scoped=variables.scoped) for variable in variables.items], parameters
    )


@_at_every_place("POST")
def create_variable(**place: str) -> ResponseReturnValue:
    """Creates a variable; it can be hidden only at its creation."""
    variables = _variables_of(**place)
    hidable = (*_SCOPED, Parameter("masked_and_hidden", boolean))
    attributes = read_parameters((*_NEW, *(hidable if variables.scoped else _COMMON)))
    if attributes.pop("masked_and_hidden", False):
        attributes.update(masked=True, hidden=True)
    variable = Variable(**_stripped(attributes))
    variables.add(variable)
    return jsonify(variable_details(variable, scoped=variables.scoped)), 201


@_at_every_place("GET", "/<key>")
def show_variable(key: str, **place: str) -> Response:
    """Shows a variable."""
    variables = _variables_of(**place)
    variable = variables.find(key, _scope_asked_for(variables))
    return jsonify(variable_details(variable, scoped=variables.scoped))


@_at_every_place("PUT", "/<key>")
def update_variable(key: str, **place: str) -> Response:
    """Updates a variable."""
    variables = _variables_of(**place)
    declared = (*_SCOPED, ENVIRONMENT_SCOPE_FILTER) if variables.scoped else _COMMON
    attributes = read_parameters((Parameter("key"), Parameter("value"), *declared))
    attributes.pop("key", None)  # a variable keeps its key
    variable = variables.find(key, attributes.pop(ENVIRONMENT_SCOPE_FILTER.name, None))
    changed = replace(variable, **_stripped(attributes))
    variables.change(variable, changed)
    return jsonify(variable_details(changed, scoped=variables.scoped))


@_at_every_place("DELETE", "/<key>")
def delete_variable(key: str, **place: str) -> ResponseReturnValue:
    """Deletes a variable."""
    variables = _variables_of(**place)
    variables.items.remove(variables.find(key, _scope_asked_for(variables)))
    return "", 204


def _scope_asked_for(variables: VariableList) -> str | None:
    parameters = read_parameters((ENVIRONMENT_SCOPE_FILTER,) if variables.scoped else ())
    return parameters.get(ENVIRONMENT_SCOPE_FILTER.name)


def _stripped(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes as GitLab stores them: without white space around a key and a scope."""
    return {
        name: value.strip() if name in ("key", "environment_scope") else value
        for name, value in attributes.items()
    }
