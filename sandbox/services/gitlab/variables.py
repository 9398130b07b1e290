"""CI/CD variables of projects, groups and the instance, with GitLab's rules for them.

Sources: GitLab's `lib/api/ci/variables.rb`, `lib/api/group_variables.rb`, `lib/api/admin/ci/variables.rb` and
the concerns of `Ci::Variable` (HasVariable, Maskable, HidableVariable, HasEnvironmentScope, Limitable).
The double is a Premium instance: group variables have scopes. Stricter than GitLab: an update of one of
several group variables with the same key requires the filter, where GitLab updates any of them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.services.gitlab.access import instance
from sandbox.services.gitlab.endpoints import View, endpoint
from sandbox.services.gitlab.parameters import Parameter, boolean
from sandbox.services.gitlab.refusals import Errors, conflict, not_found, require_valid, too_long
from sandbox.services.gitlab.state import Group, Project, Role, Variable

PLACES = {
    "/projects/<path:project>/variables": Role.MAINTAINER,
    "/groups/<path:group>/variables": Role.OWNER,
    "/admin/ci/variables": Role.NONE,
}
"""The paths of the variables of projects, groups and the instance, and the role that each requires."""
KEY = re.compile(r"[a-zA-Z0-9_]+")
KEY_LENGTH = 255
DESCRIPTION_LENGTH = 255
INSTANCE_VALUE_LENGTH = 10_000
ENVIRONMENT_SCOPE = re.compile(r"[a-zA-Z0-9_/\\${}. \-*]+")
MASKED_EXPANDED_VALUE = re.compile(r"[a-zA-Z0-9_+=/@:.~-]{8,}")
MASKED_RAW_VALUE = re.compile(r"\S{8,}")

_FILTER = Parameter("filter[environment_scope]")
_SCOPE = Parameter("environment_scope")
_COMMON = (
    Parameter("protected", boolean),
    Parameter("masked", boolean),
    Parameter("raw", boolean),
    Parameter("variable_type", values=("env_var", "file")),
    Parameter("description", nullable=True),
)


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
        is_full = len(self.items) >= self.limit
        limit = [f"Maximum number of {self.limit_name} ({self.limit}) exceeded"] if is_full else []
        require_valid(rule_violations(variable, self.items, scoped=self.scoped) | {"base": limit})
        self.items.append(variable)

    def change(self, variable: Variable, changed: Variable) -> None:
        """Replaces a variable with the changed one; 400 if it is invalid."""
        siblings = [sibling for sibling in self.items if sibling is not variable]
        unmasked = variable.hidden and not changed.masked
        reason = "Updating masked attribute is not allowed on updates for hidden variables."
        errors = rule_violations(changed, siblings, scoped=self.scoped)
        require_valid(errors | {"base": [reason] if unmasked else []})
        self.items[self.items.index(variable)] = changed

    def details(self, variable: Variable) -> dict[str, Any]:
        """A variable in the API's response, without the value of a hidden one."""
        details = {**vars(variable), "value": None if variable.hidden else variable.value}
        if not self.scoped:
            del details["hidden"], details["environment_scope"]
        return details


def rule_violations(variable: Variable, siblings: Sequence[Variable], *, scoped: bool) -> Errors:
    """The validation errors of a variable: the messages by attribute.

    Args:
        variable: the new or changed variable.
        siblings: the other variables of the same project, group or instance.
        scoped: whether these variables have a scope; those of the instance do not.
    """
    identity = (variable.key, variable.environment_scope)
    is_taken = identity in [(sibling.key, sibling.environment_scope) for sibling in siblings]
    masked = MASKED_RAW_VALUE if variable.raw else MASKED_EXPANDED_VALUE
    is_maskable = not variable.masked or masked.fullmatch(variable.value)
    is_large = not scoped and len(variable.value) > INSTANCE_VALUE_LENGTH
    limit = f"The value of the provided variable exceeds the {INSTANCE_VALUE_LENGTH} character limit"
    letters = "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and spaces"
    return {
        "key": [
            *(["can't be blank"] if not variable.key else []),
            *too_long(variable.key, KEY_LENGTH),
            *(["can contain only letters, digits and '_'."] if not KEY.fullmatch(variable.key) else []),
            *([f"({variable.key}) has already been taken"] if is_taken else []),
        ],
        "value": [*(["is invalid"] if not is_maskable else []), *([limit] if is_large else [])],
        "environment_scope": [
            *(["can't be blank"] if not variable.environment_scope else []),
            *([letters] if not ENVIRONMENT_SCOPE.fullmatch(variable.environment_scope) else []),
        ],
        "description": too_long(variable.description, DESCRIPTION_LENGTH),
    }


def _variables_of(project: Project | None = None, group: Group | None = None) -> VariableList:
    """The variables of a project, a group or, without either, the instance."""
    if project:
        return VariableList(project.variables, "Variable", 8000, "project ci variables")
    if group:
        return VariableList(group.variables, "GroupVariable", 30_000, "group ci variables")
    return VariableList(
        instance().variables, "InstanceVariable", 25, "ci instance level variables", scoped=False
    )


def _at_every_place(
    method: str, suffix: str, *common: Parameter, scoped: Sequence[Parameter] = (), **options: Any
) -> Callable[[View], View]:
    """Registers a view for projects, groups and the instance, which has no `scoped` parameters."""

    def register(view: View) -> View:
        for path, role in PLACES.items():
            of_instance = role is Role.NONE
            parameters = common if of_instance else (*common, *scoped)
            rule = f"{method} {path}{suffix}"
            endpoint(rule, *parameters, role=role, administrator=of_instance, **options)(view)
        return view

    return register


@_at_every_place("GET", "", paged=True)
def list_variables(**place: Any) -> list[dict[str, Any]]:
    """Lists the variables of a project, a group or the instance."""
    variables = _variables_of(**place)
    return [variables.details(variable) for variable in variables.items]


@_at_every_place(
    "POST",
    "",
    Parameter("key", required=True),
    Parameter("value", required=True),
    *_COMMON,
    scoped=(_SCOPE, Parameter("masked_and_hidden", boolean)),
    status=201,
)
def create_variable(asked: dict[str, Any], **place: Any) -> dict[str, Any]:
    """Creates a variable; it can be hidden only at its creation."""
    variables = _variables_of(**place)
    if asked.pop("masked_and_hidden", False):
        asked.update(masked=True, hidden=True)
    variable = Variable(**_stripped(asked))
    variables.add(variable)
    return variables.details(variable)


@_at_every_place("GET", "/<key>", scoped=[_FILTER])
def show_variable(key: str, asked: dict[str, str], **place: Any) -> dict[str, Any]:
    """Shows a variable."""
    variables = _variables_of(**place)
    return variables.details(variables.find(key, asked.get(_FILTER.name)))


@_at_every_place("PUT", "/<key>", Parameter("key"), Parameter("value"), *_COMMON, scoped=(_SCOPE, _FILTER))
def update_variable(key: str, asked: dict[str, Any], **place: Any) -> dict[str, Any]:
    """Updates a variable."""
    variables = _variables_of(**place)
    asked.pop("key", None)  # a variable keeps its key
    variable = variables.find(key, asked.pop(_FILTER.name, None))
    changed = replace(variable, **_stripped(asked))
    variables.change(variable, changed)
    return variables.details(changed)


@_at_every_place("DELETE", "/<key>", scoped=[_FILTER])
def delete_variable(key: str, asked: dict[str, str], **place: Any) -> None:
    """Deletes a variable."""
    variables = _variables_of(**place)
    variables.items.remove(variables.find(key, asked.get(_FILTER.name)))


def _stripped(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes as GitLab stores them: without white space around a key and a scope."""
    return {
        name: value.strip() if name in ("key", "environment_scope") else value
        for name, value in attributes.items()
    }
