"""Amazon's public gallery, `public.ecr.aws`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.repositories import Repository, repositories_of

ECR_PUBLIC_HOST = "public.ecr.aws"
ECR_PUBLIC_REGION = "us-east-1"
"""The one region that gives passwords for it:
docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html."""


@dataclass(frozen=True)
class EcrPublicRegistry:
    """Amazon's public gallery, pulled from with the credentials of the manager's role."""

    name: str
    repositories: Mapping[str, Repository] = field(default_factory=dict)

    def host_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """The gallery's host."""
        return ECR_PUBLIC_HOST

    def address_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """What stands before a repository in the name of an image."""
        return ECR_PUBLIC_HOST


def build_ecr_public(name: str, declaration: RegistryDeclaration) -> EcrPublicRegistry:
    """The registry that a declaration without problems describes."""
    return EcrPublicRegistry(name, repositories_of(declaration))
