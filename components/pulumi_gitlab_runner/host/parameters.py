"""The names of the parameters of a runner host in Parameter Store."""

from dataclasses import dataclass

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import CredentialSource, Registry


@dataclass(frozen=True)
class HostParameters:
    """The names of the parameters that one runner host reads: ``/PROJECT/STACK/MANAGER/…``.

    Attributes:
        prefix: the prefix of the names, which also identifies the host's logs, metrics and group.
    """

    prefix: str

    @property
    def fleet_group(self) -> str:
        """The name of the manager's Auto Scaling group of workers, which follows the same pattern."""
        return self.prefix.strip("/").replace("/", "-")

    @property
    def tokens(self) -> str:
        """The prefix of the names of all tokens; the runner's name follows."""
        return f"{self.prefix}/tokens"

    def token(self, runner: str) -> str:
        """The token of a runner."""
        return f"{self.tokens}/{runner}"

    def registry(self, name: str) -> str:
        """The user and password of a registry."""
        return f"{self.prefix}/registries/{name}"

    def all_in(self, environment: AwsEnvironment) -> str:
        """The pattern of the ARNs of all parameters below the prefix."""
        return environment.arn("ssm", f"parameter{self.prefix}/*")

    def source(self, registry: Registry, environment: AwsEnvironment) -> CredentialSource:
        """The source of the user and password that a registry declares, for the host."""
        return CredentialSource("parameter", (environment.region, self.registry(registry.name)))
