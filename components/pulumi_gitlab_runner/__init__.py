"""GitLab CI on AWS with private container registries, as Pulumi components.

`RunnerStack` creates all resources of one declaration; each of its parts is also a separate component.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_gitlab_runner.api import *  # noqa: F403

__version__ = "0.1.0"
"""The version of the package, of the plugin and of its schema."""

_EXPORTS = {
    "aws.registries.ecr_repositories": (
        "EcrRepositories",
        "EcrRepositoriesArgs",
    ),
    "aws.registries.ecr_settings": (
        "EcrSettings",
        "EcrSettingsArgs",
    ),
    "aws.hosts.host_store": (
        "HostStore",
        "HostStoreArgs",
    ),
    "aws.jobs.hosted_runner_auth": (
        "HostedRunnerAuth",
        "HostedRunnerAuthArgs",
    ),
    "aws.jobs.job_role": (
        "JobRole",
        "JobRoleArgs",
    ),
    "aws.jobs.pipeline_roles": (
        "PipelineRoles",
        "PipelineRolesArgs",
    ),
    "aws.jobs.runner_cache": (
        "RunnerCache",
        "RunnerCacheArgs",
    ),
    "aws.hosts.runner_fleet": (
        "RunnerFleet",
        "RunnerFleetArgs",
    ),
    "aws.hosts.runner_host": (
        "RunnerHost",
        "RunnerHostArgs",
    ),
    "aws.hosts.runner_image": (
        "RunnerImage",
        "RunnerImageArgs",
    ),
    "aws.hosts.runner_manager_role": (
        "RunnerManagerRole",
        "RunnerManagerRoleArgs",
    ),
    "aws.network.runner_network": (
        "RunnerNetwork",
        "RunnerNetworkArgs",
    ),
    "docker.docker_runner_host": (
        "DockerRunnerHost",
        "DockerRunnerHostArgs",
    ),
    "docker.image_build": (
        "ImageBuild",
        "ImageBuildArgs",
    ),
    "gitlab.ci_variables": (
        "CiVariables",
        "CiVariablesArgs",
    ),
    "gitlab.runner_registration": ("RunnerRegistration",),
    "manager.arguments": (
        "HostNetworkArgs",
        "HostedRunnerArgs",
        "MachineImageArgs",
    ),
    "mirror.image_mirror": (
        "ImageMirror",
        "ImageMirrorArgs",
    ),
    "spec.aws_environment": ("AwsEnvironmentArgs",),
    "spec.builds": ("BuildDeclaration",),
    "spec.cache": ("CacheDeclaration",),
    "spec.docker_hosts": (
        "AccessKeyDeclaration",
        "AwsCredentialsDeclaration",
        "DockerHostDeclaration",
    ),
    "spec.ecr_settings": (
        "CreationTemplateDeclaration",
        "EcrSettingsDeclaration",
        "ReplicateFromDeclaration",
        "ReplicateToDeclaration",
        "ScanningDeclaration",
    ),
    "spec.egress": ("EgressDeclaration",),
    "spec.fleets": (
        "FleetDeclaration",
        "IdleDeclaration",
    ),
    "spec.hosted_auth": (
        "GitLabTokenDeclaration",
        "HostedAuthDeclaration",
    ),
    "spec.hosts": ("HostDeclaration",),
    "spec.job_roles": ("JobRoleDeclaration",),
    "spec.machine_images": ("MachineImageDeclaration",),
    "spec.mirrors": (
        "MirrorDeclaration",
        "MirrorVariablesDeclaration",
        "MirroredImageDeclaration",
    ),
    "spec.network": ("NetworkDeclaration",),
    "spec.observation": (
        "AlarmsDeclaration",
        "LogsDeclaration",
    ),
    "spec.pipeline_roles": (
        "PipelineDeclaration",
        "PulumiStateDeclaration",
    ),
    "spec.registries": (
        "DeployTokenDeclaration",
        "EcrDeclaration",
        "EcrPublicDeclaration",
        "GitLabRegistryDeclaration",
        "KeepDeclaration",
        "RegistryDeclaration",
        "RepositoryDeclaration",
        "StaticDeclaration",
        "UpstreamCredentialsDeclaration",
    ),
    "spec.runners": (
        "RegistrationDeclaration",
        "RunnerDeclaration",
        "ServiceDeclaration",
    ),
    "spec.stack": ("StackDeclaration",),
    "spec.variables": ("VariableDeclaration",),
    "stack.configuration": ("declaration_from_config",),
    "stack.runner_stack": ("RunnerStack",),
}
"""The public names, by their modules. A module is imported on first access: a component imports only the
providers that it needs, and `runner-doctor` imports none."""
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    """Import a component on first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, including those that are not imported yet."""
    return sorted({*globals(), *_MODULES})
