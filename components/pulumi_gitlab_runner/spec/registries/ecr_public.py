"""Amazon's public gallery, `public.ecr.aws`."""

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
"""The one region that gives passwords for it:
docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html."""


@dataclass(frozen=True)
class EcrPublicRegistry(Registry):
    """Amazon's public gallery, pulled from with the credentials of the manager's role."""

    shown = ()

    def host_in(self, environment: AwsEnvironment) -> str:
        """The gallery's host."""
        del environment
        return PUBLIC_HOST

    @property
    def description(self) -> str:
        """Amazon's public gallery."""
        return "Amazon's public gallery"

    def credential_source(self, environment: AwsEnvironment, own: CredentialSource) -> CredentialSource:
        """ECR's own helper."""
        del environment, own
        return CredentialSource("helper", (ECR_HELPER,))

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """To log in."""
        del environment
        return PullAccess(public_gallery=True)

    @property
    def no_login(self) -> str:
        """Its passwords do not last."""
        return NO_LOGIN

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource:
        """The password of the gallery."""
        del environment, own_parameter
        return RenewalSource("ecr-public", ECR_PUBLIC_REGION)

    @property
    def by_role(self) -> bool:
        """A role logs in."""
        return True

    @property
    def not_pushed(self) -> str:
        """The gallery is only pulled from."""
        return "public.ecr.aws is only pulled from"

    @property
    def program(self) -> str:
        """ECR's helper."""
        return "docker-credential-ecr-login"


def parse_ecr_public(name: str, declaration: RegistryDeclaration) -> EcrPublicRegistry:
    """The registry that a declaration without problems describes."""
    return EcrPublicRegistry(name, repositories=parse_repositories(declaration))
