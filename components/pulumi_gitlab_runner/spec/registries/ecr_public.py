"""Amazon ECR Public, `public.ecr.aws`."""

from dataclasses import dataclass

from pulumi_gitlab_runner.images.ecr import PUBLIC_HOST
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.ecr import AmazonRegistry
from pulumi_gitlab_runner.spec.registries.registry import PullAccess, RenewalSource
from pulumi_gitlab_runner.spec.registries.repositories import parse_repositories

ECR_PUBLIC_REGION = "us-east-1"
"""The only region that issues passwords for ECR Public:
docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html."""


@dataclass(frozen=True)
class EcrPublicRegistry(AmazonRegistry):
    """Amazon ECR Public, with the credentials of the manager's role."""

    shown = ()
    description = "Amazon's public gallery"
    not_pushed = "public.ecr.aws is only pulled from"

    def host_in(self, environment: AwsEnvironment) -> str:
        """The host of ECR Public."""
        del environment
        return PUBLIC_HOST

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """Access to log in to ECR Public."""
        del environment
        return PullAccess(public_gallery=True)

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource:
        """A password of ECR Public."""
        del environment, own_parameter
        return RenewalSource("ecr-public", ECR_PUBLIC_REGION)


def parse_ecr_public(name: str, declaration: RegistryDeclaration) -> EcrPublicRegistry:
    """The registry that a valid declaration describes."""
    return EcrPublicRegistry(name, repositories=parse_repositories(declaration))
