"""Amazon ECR Public, `public.ecr.aws`."""

from dataclasses import dataclass

from pulumi_gitlab_runner.images.ecr import PUBLIC_HOST
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.ecr import ECR_HELPER, NO_LOGIN
from pulumi_gitlab_runner.spec.registries.registry import (
    CredentialSource,
    PullAccess,
    Registry,
    RenewalSource,
)
from pulumi_gitlab_runner.spec.registries.repositories import parse_repositories

ECR_PUBLIC_REGION = "us-east-1"
"""The only region that issues passwords for ECR Public:
docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html."""


@dataclass(frozen=True)
class EcrPublicRegistry(Registry):
    """Amazon ECR Public, with the credentials of the manager's role."""

    shown = ()

    def host_in(self, environment: AwsEnvironment) -> str:
        """The host of ECR Public."""
        del environment
        return PUBLIC_HOST

    @property
    def description(self) -> str:
        """Its kind in messages."""
        return "Amazon's public gallery"

    def credential_source(self, environment: AwsEnvironment, own: CredentialSource) -> CredentialSource:
        """The credential helper of ECR."""
        del environment, own
        return CredentialSource("helper", (ECR_HELPER,))

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """Access to log in to ECR Public."""
        del environment
        return PullAccess(public_gallery=True)

    @property
    def no_login(self) -> str:
        """ECR passwords expire."""
        return NO_LOGIN

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource:
        """A password of ECR Public."""
        del environment, own_parameter
        return RenewalSource("ecr-public", ECR_PUBLIC_REGION)

    @property
    def by_role(self) -> bool:
        """True: an IAM role is sufficient."""
        return True

    @property
    def not_pushed(self) -> str:
        """The stack does not push to ECR Public."""
        return "public.ecr.aws is only pulled from"

    @property
    def program(self) -> str:
        """The credential helper of ECR."""
        return "docker-credential-ecr-login"


def parse_ecr_public(name: str, declaration: RegistryDeclaration) -> EcrPublicRegistry:
    """The registry that a valid declaration describes."""
    return EcrPublicRegistry(name, repositories=parse_repositories(declaration))
