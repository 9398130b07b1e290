"""The public names of the library."""

from pulumi_gitlab_runner.aws.hosts.host_store import HostStore, HostStoreArgs
from pulumi_gitlab_runner.aws.hosts.runner_fleet import RunnerFleet, RunnerFleetArgs
from pulumi_gitlab_runner.aws.hosts.runner_host import RunnerHost, RunnerHostArgs
from pulumi_gitlab_runner.aws.hosts.runner_image import RunnerImage, RunnerImageArgs
from pulumi_gitlab_runner.aws.hosts.runner_manager_role import RunnerManagerRole, RunnerManagerRoleArgs
from pulumi_gitlab_runner.aws.jobs.hosted_runner_auth import HostedRunnerAuth, HostedRunnerAuthArgs
from pulumi_gitlab_runner.aws.jobs.job_role import JobRole, JobRoleArgs
from pulumi_gitlab_runner.aws.jobs.pipeline_roles import PipelineRoles, PipelineRolesArgs
from pulumi_gitlab_runner.aws.jobs.runner_cache import RunnerCache, RunnerCacheArgs
from pulumi_gitlab_runner.aws.network.runner_network import RunnerNetwork, RunnerNetworkArgs
from pulumi_gitlab_runner.aws.registries.ecr_repositories import EcrRepositories, EcrRepositoriesArgs
from pulumi_gitlab_runner.aws.registries.ecr_settings import EcrSettings, EcrSettingsArgs
from pulumi_gitlab_runner.docker.docker_runner_host import DockerRunnerHost, DockerRunnerHostArgs
from pulumi_gitlab_runner.docker.image_build import ImageBuild, ImageBuildArgs
from pulumi_gitlab_runner.gitlab.ci_variables import CiVariables, CiVariablesArgs
from pulumi_gitlab_runner.gitlab.runner_registration import RunnerRegistration
from pulumi_gitlab_runner.manager.arguments import HostedRunnerArgs, HostNetworkArgs, MachineImageArgs
from pulumi_gitlab_runner.mirror.image_mirror import ImageMirror, ImageMirrorArgs
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.builds import BuildDeclaration
from pulumi_gitlab_runner.spec.cache import CacheDeclaration
from pulumi_gitlab_runner.spec.docker_hosts import (
    AccessKeyDeclaration,
    AwsCredentialsDeclaration,
    DockerHostDeclaration,
)
from pulumi_gitlab_runner.spec.ecr_settings import (
    CreationTemplateDeclaration,
    EcrSettingsDeclaration,
    ReplicateFromDeclaration,
    ReplicateToDeclaration,
    ScanningDeclaration,
)
from pulumi_gitlab_runner.spec.egress import EgressDeclaration
from pulumi_gitlab_runner.spec.fleets import FleetDeclaration, IdleDeclaration
from pulumi_gitlab_runner.spec.hosted_auth import GitLabTokenDeclaration, HostedAuthDeclaration
from pulumi_gitlab_runner.spec.hosts import HostDeclaration
from pulumi_gitlab_runner.spec.job_roles import JobRoleDeclaration
from pulumi_gitlab_runner.spec.machine_images import MachineImageDeclaration
from pulumi_gitlab_runner.spec.mirrors import (
    MirrorDeclaration,
    MirroredImageDeclaration,
    MirrorVariablesDeclaration,
)
from pulumi_gitlab_runner.spec.network import NetworkDeclaration
from pulumi_gitlab_runner.spec.observation import AlarmsDeclaration, LogsDeclaration
from pulumi_gitlab_runner.spec.pipeline_roles import PipelineDeclaration, PulumiStateDeclaration
from pulumi_gitlab_runner.spec.registries import (
    DeployTokenDeclaration,
    EcrDeclaration,
    EcrPublicDeclaration,
    GitLabRegistryDeclaration,
    KeepDeclaration,
    RegistryDeclaration,
    RepositoryDeclaration,
    StaticDeclaration,
    UpstreamCredentialsDeclaration,
)
from pulumi_gitlab_runner.spec.runners import RegistrationDeclaration, RunnerDeclaration, ServiceDeclaration
from pulumi_gitlab_runner.spec.stack import StackDeclaration
from pulumi_gitlab_runner.spec.variables import VariableDeclaration
from pulumi_gitlab_runner.stack.configuration import declaration_from_config
from pulumi_gitlab_runner.stack.runner_stack import RunnerStack

__all__ = [
    "AccessKeyDeclaration",
    "AlarmsDeclaration",
    "AwsCredentialsDeclaration",
    "AwsEnvironmentArgs",
    "BuildDeclaration",
    "CacheDeclaration",
    "CiVariables",
    "CiVariablesArgs",
    "CreationTemplateDeclaration",
    "DeployTokenDeclaration",
    "DockerHostDeclaration",
    "DockerRunnerHost",
    "DockerRunnerHostArgs",
    "EcrDeclaration",
    "EcrPublicDeclaration",
    "EcrRepositories",
    "EcrRepositoriesArgs",
    "EcrSettings",
    "EcrSettingsArgs",
    "EcrSettingsDeclaration",
    "EgressDeclaration",
    "FleetDeclaration",
    "GitLabRegistryDeclaration",
    "GitLabTokenDeclaration",
    "HostDeclaration",
    "HostNetworkArgs",
    "HostStore",
    "HostStoreArgs",
    "HostedAuthDeclaration",
    "HostedRunnerArgs",
    "HostedRunnerAuth",
    "HostedRunnerAuthArgs",
    "IdleDeclaration",
    "ImageBuild",
    "ImageBuildArgs",
    "ImageMirror",
    "ImageMirrorArgs",
    "JobRole",
    "JobRoleArgs",
    "JobRoleDeclaration",
    "KeepDeclaration",
    "LogsDeclaration",
    "MachineImageArgs",
    "MachineImageDeclaration",
    "MirrorDeclaration",
    "MirrorVariablesDeclaration",
    "MirroredImageDeclaration",
    "NetworkDeclaration",
    "PipelineDeclaration",
    "PipelineRoles",
    "PipelineRolesArgs",
    "PulumiStateDeclaration",
    "RegistrationDeclaration",
    "RegistryDeclaration",
    "ReplicateFromDeclaration",
    "ReplicateToDeclaration",
    "RepositoryDeclaration",
    "RunnerCache",
    "RunnerCacheArgs",
    "RunnerDeclaration",
    "RunnerFleet",
    "RunnerFleetArgs",
    "RunnerHost",
    "RunnerHostArgs",
    "RunnerImage",
    "RunnerImageArgs",
    "RunnerManagerRole",
    "RunnerManagerRoleArgs",
    "RunnerNetwork",
    "RunnerNetworkArgs",
    "RunnerRegistration",
    "RunnerStack",
    "ScanningDeclaration",
    "ServiceDeclaration",
    "StackDeclaration",
    "StaticDeclaration",
    "UpstreamCredentialsDeclaration",
    "VariableDeclaration",
    "declaration_from_config",
]
