"""CI variables of projects, groups and the instance."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_gitlab as gitlab
from typing_extensions import TypedDict

from pulumi_gitlab_runner.auth.docker_config import docker_auth_config
from pulumi_gitlab_runner.declared import plain, registry_credentials, told_once
from pulumi_gitlab_runner.spec.registries import RegistryDeclaration
from pulumi_gitlab_runner.spec.shape import check_keys
from pulumi_gitlab_runner.spec.stack import build_stack
from pulumi_gitlab_runner.spec.variables import Variable, VariableDeclaration, can_be_masked


class CiVariablesArgs(TypedDict):
    """CI variables, and the registries that they name."""

    variables: list[VariableDeclaration]
    """The variables."""
    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The registries that `docker_auth` of a variable names."""


class CiVariables(pulumi.ComponentResource):
    """CI variables, checked against GitLab's rules before any is made; every value is a secret.

    Creates, for each variable, one of:

    - `gitlab:index/groupVariable:GroupVariable`
    - `gitlab:index/projectVariable:ProjectVariable`
    - `gitlab:index/instanceVariable:InstanceVariable`

    Raises `pulumi.RunError` for what GitLab would refuse, such as a masked value that it cannot mask.
    """

    def __init__(self, name: str, args: CiVariablesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        registries = args.get("registries", {})
        with told_once():
            check_keys(args, CiVariablesArgs, name)
            stack = build_stack(plain({"registries": registries, "variables": args["variables"]}), path=name)
        super().__init__("gitlab-runner:index:CiVariables", name, {}, opts)
        for variable, declared in zip(stack.variables, args["variables"], strict=True):
            used = [registries[each] for each in variable.docker_auth]
            value = _docker_auth(used) if used else pulumi.Output.secret(declared["value"])
            self._create(variable, value)
        self.register_outputs({})

    def _create(self, variable: Variable, value: pulumi.Output[str]) -> None:
        scope = variable.scope
        settings: dict[str, Any] = {
            "key": variable.key,
            "value": value,
            "masked": _masked(variable, value),
            "protected": variable.protected,
            "raw": variable.raw,
            "variable_type": "file" if variable.file else "env_var",
            "description": variable.description,
            "opts": pulumi.ResourceOptions(parent=self),
        }
        name = f"{self._name}-{str(scope).replace(' ', '-')}-{variable.key}"
        if variable.environment_scope != "*":
            name += f"-{variable.environment_scope}"
        if scope.kind == "instance":
            gitlab.InstanceVariable(name, **settings)
            return
        settings |= {"environment_scope": variable.environment_scope, "hidden": variable.hidden}
        if scope.kind == "group":
            gitlab.GroupVariable(name, group=str(scope.number), **settings)
        else:
            gitlab.ProjectVariable(name, project=str(scope.number), **settings)


def _masked(variable: Variable, value: pulumi.Output[str]) -> pulumi.Input[bool]:
    if variable.masked is not None:
        return variable.masked
    return pulumi.Output.unsecret(value).apply(lambda known: can_be_masked(known, raw=variable.raw))


def _docker_auth(used: Sequence[RegistryDeclaration]) -> pulumi.Output[str]:
    """The value of `DOCKER_AUTH_CONFIG` for these registries, each with a fixed user and password."""
    hosts = [registry["host"] for registry in used]
    credentials = pulumi.Output.all(*map(registry_credentials, used))
    return credentials.apply(
        lambda known: docker_auth_config((host, *pair) for host, pair in zip(hosts, known, strict=True))
    )
