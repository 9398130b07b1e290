"""CI variables of projects, groups and the instance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
import pulumi_gitlab as gitlab
from typing_extensions import TypedDict

from pulumi_gitlab_runner.auth.docker_config import docker_auth_config
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.existing import Existing, LookUp, stack_mark, unless_existing
from pulumi_gitlab_runner.resolution import (
    given,
    login_of,
    refused_as_whole,
    resolved,
    with_handles,
)
from pulumi_gitlab_runner.spec.aws_environment import NOWHERE
from pulumi_gitlab_runner.spec.declared import declared_variables
from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope
from pulumi_gitlab_runner.spec.inputs import known, strict
from pulumi_gitlab_runner.spec.registries import Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.shape import check_shape
from pulumi_gitlab_runner.spec.stack import parse_stack
from pulumi_gitlab_runner.spec.texts import stack_note
from pulumi_gitlab_runner.spec.variables import (
    Variable,
    VariableDeclaration,
    can_be_masked,
    variable_names,
)


@strict
class CiVariablesArgs(TypedDict):
    """CI variables, and the registries that they name."""

    variables: list[VariableDeclaration]
    """The variables."""
    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The registries that `docker_auth` of the variables names, by name. Default: none."""


@dataclass(frozen=True)
class Variables:
    """CI variables, and the registries that they name."""

    variables: Sequence[Variable]
    registries: Mapping[str, Registry] = field(default_factory=dict)


class CiVariables(Component[Variables]):
    """CI variables, checked against GitLab's rules before any is created; every value is a secret.

    Creates, for each variable, one of:

    - `gitlab:index/groupVariable:GroupVariable`
    - `gitlab:index/projectVariable:ProjectVariable`
    - `gitlab:index/instanceVariable:InstanceVariable`

    `adopt` imports an existing variable. If a variable exists and is not adopted, the update fails, and so
    does a preview.

    Raises `pulumi.RunError` for a value that GitLab would refuse, such as a masked value that it cannot mask.
    """

    variables: pulumi.Output[list[Any]]
    """Each variable: its `scope` and `key`, and whether it is `masked` and `protected`."""

    def __init__(self, name: str, args: CiVariablesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            read = check_shape(with_handles(args, name), CiVariablesArgs, name)
            stack = parse_stack(dict(read), path=name)
        self._make(name, Variables(stack.variables, stack.registries), opts)

    def _make(self, name: str, model: Variables, opts: pulumi.ResourceOptions | None) -> None:
        names = variable_names(name, model.variables)
        self.register_component("CiVariables", name, declared_variables(model.variables, names), opts)
        if adopted := [each for each, variable in zip(names, model.variables, strict=True) if variable.adopt]:
            pulumi.log.warn(
                f"these CI variables are imported unchanged: {', '.join(adopted)}; without 'adopt', the next "
                "update gives them the declared values and settings",
                self,
            )
        self.variables = pulumi.Output.all(
            *(
                self._create(each, variable, [model.registries[used] for used in variable.docker_auth])
                for each, variable in zip(names, model.variables, strict=True)
            )
        )
        self.register_declared_outputs()

    def _create(self, name: str, variable: Variable, used: Sequence[Registry]) -> pulumi.Output[Any]:
        """Create a variable, and return its entry in the component's outputs."""
        value = _docker_auth(used) if used else pulumi.Output.secret(_value(variable))
        masked = self._masked(variable, value)
        settings: dict[str, Any] = {
            "key": variable.key,
            "value": value,
            "masked": masked,
            "protected": variable.protected,
            "raw": variable.raw,
            "variable_type": "file" if variable.file else "env_var",
            "description": (
                stack_note(stack_mark()) if variable.description is None else given(variable.description)
            ),
            "opts": self._options(name, variable),
        }
        kind, number = variable.scope.kind, resolved(variable.scope).apply(_number)
        if kind == "instance":
            gitlab.InstanceVariable(name, **settings)
        else:
            settings |= {"environment_scope": variable.environment_scope, "hidden": variable.hidden}
            if kind == "group":
                gitlab.GroupVariable(name, group=number, **settings)
            else:
                gitlab.ProjectVariable(name, project=number, **settings)
        return pulumi.Output.all(
            scope=resolved(variable.scope).apply(str),
            key=variable.key,
            masked=masked,
            protected=variable.protected,
        )

    def _masked(self, variable: Variable, value: pulumi.Output[str]) -> pulumi.Input[bool]:
        """Whether GitLab masks a variable. Default: whether GitLab can mask its value.

        Logs a warning for a secret that GitLab cannot mask, as soon as its value is known.
        """
        if variable.masked is not None or variable.value is None:
            return bool(variable.masked)
        declared = variable.value
        source: Any = declared.source

        async def masked(known: str) -> bool:
            can = can_be_masked(known, raw=variable.raw)
            is_secret = declared.encrypted or (isinstance(source, pulumi.Output) and await source.is_secret())
            if is_secret and not can:
                pulumi.log.warn(
                    f"{declared.path}: GitLab cannot mask this secret, so a job log can show it. It masks "
                    "one line of 8 or more letters, digits and _ + = / @ : . ~ -; with raw: true, any "
                    "characters except white space. Set masked: false for a value that may be shown",
                    self,
                )
            return can

        return pulumi.Output.unsecret(value).apply(masked)

    def _options(self, name: str, variable: Variable) -> pulumi.ResourceOptions:
        """Options that import an existing variable unchanged, or refuse to create it a second time.

        Pulumi refuses to import a resource that differs from its inputs, so all inputs are ignored.
        """
        if variable.adopt:
            return pulumi.ResourceOptions(parent=self, import_=_identity(variable), ignore_changes=["*"])
        if variable.hidden:  # a change of `hidden` replaces the variable, so it may exist already
            return pulumi.ResourceOptions(parent=self)
        return pulumi.ResourceOptions(
            parent=self, hooks=unless_existing("variable", name, self._look_up(variable), self)
        )

    def _look_up(self, variable: Variable) -> LookUp:
        """The function that looks up a variable with the same key and scope."""
        opts = pulumi.InvokeOptions(parent=self)

        def look_up(inputs: Mapping[str, Any]) -> Existing | None:
            key, scope = inputs["key"], inputs.get("environmentScope")
            found: Any
            if variable.scope.kind == "instance":
                found, identity = gitlab.get_instance_variable(key=key, opts=opts), key
            elif variable.scope.kind == "group":
                owner = inputs["group"]
                found = gitlab.get_group_variable(group=owner, key=key, environment_scope=scope, opts=opts)
                identity = f"{owner}:{key}:{scope}"
            else:
                owner = inputs["project"]
                found = gitlab.get_project_variable(
                    project=owner, key=key, environment_scope=scope, opts=opts
                )
                identity = f"{owner}:{key}:{scope}"
            if not found.value:  # a hidden variable, which this one replaces
                return None
            return Existing(
                f"the CI variable {identity}",
                identity,
                found.description == stack_note(stack_mark()),
                "declare `adopt: true` for it, which imports it unchanged;",
            )

        return look_up


def _identity(variable: Variable) -> str:
    """The import id of a variable."""
    if variable.scope.kind == "instance":
        return variable.key
    return f"{_number(variable.scope)}:{variable.key}:{variable.environment_scope}"


def _number(scope: GitLabScope) -> str:
    """The number of a group or project, as an input of the variable's resource; empty for the instance."""
    return "" if scope.number is None else str(known(scope.number))


def _value(variable: Variable) -> pulumi.Input[str]:
    return "" if variable.value is None else given(variable.value)


def _docker_auth(used: Sequence[Registry]) -> pulumi.Output[str]:
    """The value of `DOCKER_AUTH_CONFIG` for these registries, each with static credentials."""
    hosts = resolved(tuple(used)).apply(lambda known: [each.host_in(NOWHERE) for each in known])
    logins = pulumi.Output.all(*(login_of(each.login) for each in used if each.login))
    return pulumi.Output.all(hosts, logins).apply(
        lambda known: docker_auth_config((host, *pair) for host, pair in zip(*known, strict=True))
    )
