"""The inputs that describe a component in a preview and in the state, with the keys of its declaration.

Defaults and secrets are left out. `shown` of a model lists the fields that are shown: a new field must be
added to it, and a model without `shown` is not shown. A value that is known later stays a handle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from pulumi_gitlab_runner.config.job_isolation import isolation
from pulumi_gitlab_runner.spec.inputs import Deferred

if TYPE_CHECKING:  # a single component does not import the models of the others
    from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope
    from pulumi_gitlab_runner.spec.hosted_auth import HostedAuth
    from pulumi_gitlab_runner.spec.managers import Manager
    from pulumi_gitlab_runner.spec.registries import Registry
    from pulumi_gitlab_runner.spec.runners import Runner
    from pulumi_gitlab_runner.spec.variables import Variable

Shown = dict[str, Any]

DECLARED = "declared"
"""The input of a component that contains its declaration."""
RIGHTS = "rights"
"""The input of a component that contains its policies, with resource names in place of ARNs that AWS
assigns."""
NETWORK_PER_JOB = "FF_NETWORK_PER_BUILD"

_NOTHING: tuple[Any, ...] = (None, False, (), {}, [])


def declared(model: Any) -> Shown:
    """A model's fields, without defaults and without secrets."""
    by_name = {each.name: each for each in fields(model)}
    values = {name: getattr(model, name) for name in model.shown}
    return {
        name: shown
        for name, value in values.items()
        if not _is_default(value, by_name[name])
        for shown in [_shown(value)]
        if shown is not None
    }


def declared_scope(scope: "GitLabScope") -> Shown:
    """A scope in GitLab, as declared."""
    return {scope.kind: True if scope.number is None else scope.number}


def declared_registration(registration: Any) -> Shown:
    """The registration of a runner in GitLab."""
    shown = {**declared_scope(registration.scope), **declared(registration)}
    tags = registration.tags
    if registration.run_untagged and (isinstance(tags, Deferred) or tags):
        shown["run_untagged"] = True
    return shown


def declared_registry(registry: "Registry") -> Shown:
    """A registry: its authentication, and the repositories that are used."""
    shown = declared(registry)
    if "repositories" in shown:
        shown["repositories"] = sorted(registry.repositories)
    shown.pop("allow_pull", None)  # for other accounts, not for this manager
    return {"authenticates": registry.authenticates, **shown}


def declared_creations(registry: "Registry") -> Shown:
    """A registry whose repositories are created, with their settings."""
    shown = declared(registry)
    shown["repositories"] = {name: declared(each) for name, each in registry.repositories.items()}
    return shown


def declared_manager(manager: "Manager", registries: "Mapping[str, Registry]") -> Shown:
    """A manager: its runners, their registries, and its host or fleet."""
    shown: Shown = {"runners": {each.name: declared_runner(each, manager) for each in manager.runners}}
    used = {name: declared_registry(registries[name]) for name in manager.registries}
    if used:
        shown["registries"] = used
    host = declared(manager.host)
    if manager.fleet:
        host.pop("concurrent", None)  # it follows from the fleet
        shown["fleet"] = declared(manager.fleet)
    if host:
        shown["manager" if manager.fleet else "host"] = host
    if manager.cache:
        shown["cache"] = "shared" if manager.cache.shared else "of each runner"
    if manager.proxy:
        shown["proxy"] = "for jobs too" if manager.proxy.jobs else "for the host alone"
    if manager.authorities:
        shown["certificate_authorities"] = [each.name for each in manager.authorities]
    return shown


def declared_hosted_auth(auth: "HostedAuth", registries: "Mapping[str, Registry]") -> Shown:
    """A renewed CI variable: its scopes and its registries."""
    shown = declared(auth)
    shown["registries"] = {name: declared_registry(registries[name]) for name in auth.registries}
    return {"scopes": [declared_scope(each) for each in auth.scopes], **shown}


def declared_role(
    registries: "Mapping[str, Registry]", policies: Sequence[Any], permissions_boundary: Any
) -> Shown:
    """The role of a manager: its registries, its further policies and its permissions boundary."""
    shown: Shown = {"registries": {name: declared_registry(each) for name, each in registries.items()}}
    further = {"policies": list(policies), "permissions_boundary": permissions_boundary}
    return {name: each for name, each in (shown | further).items() if each not in _NOTHING}


def declared_runner(runner: "Runner", manager: "Manager") -> Shown:
    """A runner of a manager: the image and isolation of its jobs."""
    shown = declared(runner)
    if runner.services:
        shown["services"] = [each.name for each in runner.services]
    if runner.limit != manager.host.concurrent:
        shown["limit"] = runner.limit
    if loosened := isolation(runner.config.get("docker", {})):
        shown["docker"] = loosened
    if runner.config.get("feature_flags", {}).get(NETWORK_PER_JOB) is False:
        shown["network_per_job"] = False
    return shown


def declared_variables(variables: "Sequence[Variable]", names: Sequence[str]) -> Shown:
    """CI variables, without their values, by the names of their resources."""
    return {
        name: {"key": each.key, **declared_scope(each.scope), **_masking(each), **declared(each)}
        for name, each in zip(names, variables, strict=True)
    }


def _masking(variable: "Variable") -> Shown:
    return {} if variable.masked is None else {"masked": variable.masked}


def _is_default(value: Any, field: "Field[Any]") -> bool:
    if isinstance(value, Deferred):
        return False
    if field.default is not MISSING:
        return bool(value == field.default)
    if field.default_factory is not MISSING:
        return bool(value == field.default_factory())
    return value in _NOTHING


def _shown(value: Any) -> Any:
    """A value of the model as an input; None for a value that is not shown."""
    if isinstance(value, Deferred):
        return None if value.secret else value
    if is_dataclass(value) and not isinstance(value, type):
        return declared(value) if hasattr(value, "shown") else None
    if isinstance(value, Mapping):
        return {str(key): _shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value
