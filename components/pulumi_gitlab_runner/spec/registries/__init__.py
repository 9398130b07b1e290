"""Registries: a host, its authentication, and the used repositories. One module for each kind of registry."""

from pulumi_gitlab_runner.spec.registries.declaration import (
    DeployTokenDeclaration,
    EcrDeclaration,
    EcrPublicDeclaration,
    GitLabRegistryDeclaration,
    KeepDeclaration,
    RegistryDeclaration,
    RepositoriesDeclaration,
    RepositoryDeclaration,
    StaticDeclaration,
    UpstreamCredentialsDeclaration,
)
from pulumi_gitlab_runner.spec.registries.ecr import EcrRegistry
from pulumi_gitlab_runner.spec.registries.ecr_public import EcrPublicRegistry
from pulumi_gitlab_runner.spec.registries.gitlab import GitLabRegistry
from pulumi_gitlab_runner.spec.registries.helper import HelperRegistry
from pulumi_gitlab_runner.spec.registries.kinds import parse_registry, registry_problems
from pulumi_gitlab_runner.spec.registries.pull_through import PullThroughRegistry
from pulumi_gitlab_runner.spec.registries.registry import (
    CredentialSource,
    EcrImage,
    Login,
    Registry,
    undeclared_registry,
    undeclared_repository,
)
from pulumi_gitlab_runner.spec.registries.repositories import Repository, repositories_problems
from pulumi_gitlab_runner.spec.registries.static import StaticRegistry

__all__ = [
    "CredentialSource",
    "DeployTokenDeclaration",
    "EcrDeclaration",
    "EcrImage",
    "EcrPublicDeclaration",
    "EcrPublicRegistry",
    "EcrRegistry",
    "GitLabRegistry",
    "GitLabRegistryDeclaration",
    "HelperRegistry",
    "KeepDeclaration",
    "Login",
    "PullThroughRegistry",
    "Registry",
    "RegistryDeclaration",
    "RepositoriesDeclaration",
    "Repository",
    "RepositoryDeclaration",
    "StaticDeclaration",
    "StaticRegistry",
    "UpstreamCredentialsDeclaration",
    "parse_registry",
    "registry_problems",
    "repositories_problems",
    "undeclared_registry",
    "undeclared_repository",
]
