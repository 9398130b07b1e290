"""All that users of the library import, in one place."""

from pulumi_gitlab_runner.aws.ecr_repositories import EcrRepositories, EcrRepositoriesArgs
from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.aws.host_store import HostStore, HostStoreArgs
from pulumi_gitlab_runner.aws.runner_host import HostedRunnerArgs, RunnerHost, RunnerHostArgs
from pulumi_gitlab_runner.aws.runner_manager_role import RunnerManagerRole, RunnerManagerRoleArgs
from pulumi_gitlab_runner.gitlab.ci_variables import CiVariables, CiVariablesArgs
from pulumi_gitlab_runner.gitlab.runner_registration import RunnerRegistration
from pulumi_gitlab_runner.spec.hosts import HostDeclaration
from pulumi_gitlab_runner.spec.registries import (
    DeployTokenDeclaration,
    EcrDeclaration,
    EcrPublicDeclaration,
    GitLabRegistryDeclaration,
    RegistryDeclaration,
    RepositoryDeclaration,
    StaticDeclaration,
)
from pulumi_gitlab_runner.spec.runners import RegistrationDeclaration, RunnerDeclaration, ServiceDeclaration
from pulumi_gitlab_runner.spec.stack import StackDeclaration
from pulumi_gitlab_runner.spec.variables import VariableDeclaration
from pulumi_gitlab_runner.stack import RunnerStack, declaration_from_config

__all__ = [
    "AwsEnvironmentArgs",
    "CiVariables",
    "CiVariablesArgs",
    "DeployTokenDeclaration",
    "EcrDeclaration",
    "EcrPublicDeclaration",
    "EcrRepositories",
    "EcrRepositoriesArgs",
    "GitLabRegistryDeclaration",
    "HostDeclaration",
    "HostStore",
    "HostStoreArgs",
    "HostedRunnerArgs",
    "RegistrationDeclaration",
    "RegistryDeclaration",
    "RepositoryDeclaration",
    "RunnerDeclaration",
    "RunnerHost",
    "RunnerHostArgs",
    "RunnerManagerRole",
    "RunnerManagerRoleArgs",
    "RunnerRegistration",
    "RunnerStack",
    "ServiceDeclaration",
    "StackDeclaration",
    "StaticDeclaration",
    "VariableDeclaration",
    "declaration_from_config",
]
