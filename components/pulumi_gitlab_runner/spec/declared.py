"""What a component is, in the words of its declaration: the inputs that a preview and the state show of it.

A default is left out, and so is every secret: what is shown is named here, field by field, so that a further
field of a model does not show before somebody has said that it may. A value that is known later stays the
handle that it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from pulumi_gitlab_runner.config.job_isolation import isolation
from pulumi_gitlab_runner.spec.inputs import Deferred

if TYPE_CHECKING:  # a component alone does not load the models of all others
    from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope
    from pulumi_gitlab_runner.spec.hosted_auth import HostedAuth
    from pulumi_gitlab_runner.spec.managers import Manager
    from pulumi_gitlab_runner.spec.registries import Registry
    from pulumi_gitlab_runner.spec.runners import Runner
    from pulumi_gitlab_runner.spec.variables import Variable

Told = dict[str, Any]

DECLARED = "declared"
"""The input of a component that holds what it says."""
RIGHTS = "rights"
"""The input of a component that shows policies with a part that AWS chooses: each by its resource's name."""
NETWORK_PER_JOB = "FF_NETWORK_PER_BUILD"

_REPOSITORY = ("keep_images", "untagged_days", "keep", "mutable_tags", "kms_key")
_ROLE = ("permissions_boundary", "role_path")
_MACHINE = ("disk_gb", "ami", "machine_image", "vpc", "subnets", "egress", "job_networks", "peer_networks")
SHOWN: Mapping[str, tuple[str, ...]] = {
    "Build": ("repository", "context", "dockerfile", "target", "platforms", "tags", "cache"),
    "Cache": ("expire_days", "kms_key", "shared"),
    "CreationTemplate": (*_REPOSITORY, "allow_pull", "tags"),
    "DockerHost": ("image",),
    "EcrRegistry": ("account", "region", "repositories", "caches", "allow_pull"),
    "EcrPublicRegistry": (),
    "EcrSettings": ("replicate_to", "replicate_from", "scanning", "creation_templates"),
    "EgressRule": ("cidr", "prefix_list", "from_port", "to_port", "protocol"),
    "Fleet": (
        *("instance_types", "max_instances", "jobs_per_instance", "retire_after_jobs", "idle"),
        *("on_demand_base", "on_demand_percent", "spot_allocation", "user_namespaces", "state_storage"),
        *_MACHINE,
    ),
    "FlowLogs": ("traffic",),
    "GitLabRegistry": ("host", "repositories"),
    "HelperRegistry": ("host", "helper", "repositories"),
    "HostedAuth": ("key", "registries", "protected", "environment_scope", "every", *_ROLE),
    "Host": (
        *("instance_type", "concurrent", "runner_version", "session_manager", "metrics", "policies"),
        *("user_namespaces", "docker", *_MACHINE, *_ROLE),
    ),
    "Idle": ("periods", "timezone", "idle_count", "idle_minutes"),
    "JobRole": ("projects", "branches", "tags", "push", "registries", *_ROLE),
    "MachineImage": (
        *("architecture", "runner_version", "images", "registries", "schedule", "timezone", "disk_gb"),
        *("declared_type", "vpc", "subnets", *_ROLE),
    ),
    "Mirror": ("registry", "images", "delete"),
    "MirroredImage": ("source", "digest", "repository", "tag", "platforms"),
    "Network": ("cidr", "zones", "nat_per_zone", "endpoints", "flow_logs"),
    "Pipeline": (
        *("project", "stack", "pulumi_project", "runner_stack", "preview_branches", "deploy_branches"),
        *_ROLE,
    ),
    "PullThroughRegistry": ("upstream", "repositories"),
    "Registration": (
        *("tags", "protected", "locked", "paused", "maximum_timeout", "other_projects", "generation"),
        "keep_previous",
    ),
    "Replica": ("region", "account", "prefixes"),
    "ReplicaSource": ("account", "prefixes"),
    "Repository": (*_REPOSITORY, "delete_images", "adopt"),
    "Runner": ("image", "registries", "require_digests"),
    "Scanning": ("enhanced", "on_push", "continuous"),
    "StaticRegistry": ("host", "username", "secret", "parameter", "key", "repositories"),
    "TagRule": ("pattern", "images", "days"),
    "Variable": ("docker_auth", "protected", "hidden", "raw", "file", "environment_scope", "adopt"),
}
"""The fields of each model that show; those of any other model do not."""
_DEFAULTS: Mapping[str, Any] = {"environment_scope": "*", "role_path": "/"}
"""Those of fields whose models are made with all of them filled in."""
_NOTHING: tuple[Any, ...] = (None, False, (), {}, [])


def declared(model: Any) -> Told:
    """What a model says, without its defaults and without secrets.

    Args:
        model: a dataclass of a declaration, as `spec` reads it.
    """
    by_name = {each.name: each for each in fields(model)}
    told = {name: getattr(model, name) for name in SHOWN[type(model).__name__]}
    return {
        name: shown
        for name, value in told.items()
        if not _is_default(value, by_name[name])
        for shown in [_shown(value)]
        if shown is not None
    }


def declared_scope(scope: "GitLabScope") -> Told:
    """Where in GitLab something belongs, as it is declared."""
    return {scope.kind: True if scope.number is None else scope.number}


def declared_registration(registration: Any) -> Told:
    """A runner as GitLab knows it: whose jobs it takes."""
    told = {**declared_scope(registration.scope), **declared(registration)}
    tags = registration.tags
    if registration.run_untagged and (isinstance(tags, Deferred) or tags):
        told["run_untagged"] = True
    if registration.generation == 1:
        told.pop("generation", None)
    return told


def declared_registry(registry: "Registry") -> Told:
    """A registry: what authenticates there, and what is used of it."""
    told = declared(registry)
    if "repositories" in told:
        told["repositories"] = sorted(registry.repositories)
    told.pop("allow_pull", None)  # of others, and not of who pulls here
    return {"authenticates": registry.authenticates, **told}


def declared_creations(registry: "Registry") -> Told:
    """The repositories of a registry that are created, each with what is its own."""
    told = declared(registry)
    told["repositories"] = {name: declared(each) for name, each in registry.repositories.items()}
    return told


def declared_manager(manager: "Manager", registries: "Mapping[str, Registry]") -> Told:
    """A manager: its runners, the registries that they use, and the machines that run their jobs."""
    told: Told = {"runners": {each.name: declared_runner(each, manager) for each in manager.runners}}
    used = {name: declared_registry(registries[name]) for name in manager.registries}
    if used:
        told["registries"] = used
    host = declared(manager.host)
    if manager.fleet:
        host.pop("concurrent", None)  # it follows from the fleet
        told["fleet"] = declared(manager.fleet)
    if host:
        told["manager" if manager.fleet else "host"] = host
    if manager.cache:
        told["cache"] = "shared" if manager.cache.shared else "of each runner"
    if manager.proxy:
        told["proxy"] = "for jobs too" if manager.proxy.jobs else "for the host alone"
    if manager.authorities:
        told["certificate_authorities"] = [each.name for each in manager.authorities]
    return told


def declared_hosted_auth(auth: "HostedAuth", registries: "Mapping[str, Registry]") -> Told:
    """A variable that is kept fresh: whose it is, and what its credentials are for."""
    told = declared(auth)
    told["registries"] = {name: declared_registry(registries[name]) for name in auth.registries}
    return {"scopes": [declared_scope(each) for each in auth.scopes], **told}


def declared_role(
    registries: "Mapping[str, Registry]", policies: Sequence[Any], permissions_boundary: Any
) -> Told:
    """The role of a manager: what it pulls from, and what else it is given."""
    told: Told = {"registries": {name: declared_registry(each) for name, each in registries.items()}}
    further = {"policies": list(policies), "permissions_boundary": permissions_boundary}
    return {name: each for name, each in (told | further).items() if each not in _NOTHING}


def declared_runner(runner: "Runner", manager: "Manager") -> Told:
    """A runner of a manager: what its jobs run, and what they may do."""
    told = declared(runner)
    if runner.services:
        told["services"] = [each.name for each in runner.services]
    if runner.limit != manager.host.concurrent:
        told["limit"] = runner.limit
    if loosened := isolation(runner.config.get("docker", {})):
        told["docker"] = loosened
    if runner.config.get("feature_flags", {}).get(NETWORK_PER_JOB) is False:
        told["network_per_job"] = False
    return told


def declared_variables(variables: "Sequence[Variable]", names: Sequence[str]) -> Told:
    """CI variables by the names of their resources; their values do not show."""
    return {
        name: {"key": each.key, **declared_scope(each.scope), **_masking(each), **declared(each)}
        for name, each in zip(names, variables, strict=True)
    }


def _masking(variable: "Variable") -> Told:
    return {} if variable.masked is None else {"masked": variable.masked}


def _is_default(value: Any, field: "Field[Any]") -> bool:
    if isinstance(value, Deferred):
        return False
    if field.default is not MISSING:
        return bool(value == field.default)
    if field.default_factory is not MISSING:
        return bool(value == field.default_factory())
    return value in _NOTHING or value == _DEFAULTS.get(field.name)


def _shown(value: Any) -> Any:
    """A value as an input; None for what does not show."""
    if isinstance(value, Deferred):
        return None if value.secret else value
    if is_dataclass(value) and not isinstance(value, type):
        return declared(value) if type(value).__name__ in SHOWN else None
    if isinstance(value, Mapping):
        return {str(key): _shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value
