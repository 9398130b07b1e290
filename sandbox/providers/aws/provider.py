"""The stand-in for the official AWS provider."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from sandbox.providers.aws.connection import Clients, Connection
from sandbox.providers.aws.limits import broken_limits
from sandbox.standin.properties import Failure, Flag, MapOf, Number, Object, Text
from sandbox.standin.provider import Function, Refused, Resource, StandIn
from sandbox.standin.values import UNKNOWN, Properties

_MODULES = [
    import_module(f"{__package__}.{module.name}")
    for module in iter_modules([str(Path(__file__).parent)])
    if module.name != "provider"
]
"""The modules of the stand-in: every resource type and function in this folder is served."""


def _of(base: type) -> tuple[Any, ...]:
    """Every subclass of ``base`` that defines a token."""
    defined = (each for module in _MODULES for each in vars(module).values() if isinstance(each, type))
    return tuple(each for each in defined if issubclass(each, base) and "token" in vars(each))


class Aws(StandIn[Connection]):
    """The types of ``pulumi-aws`` that the components use, over the AWS APIs at ``AWS_ENDPOINT_URL``."""

    package = "aws"
    version = "7.51.1"
    go_module = "github.com/pulumi/pulumi-aws/sdk/v7/go/aws"
    configuration = {
        "region": Text(),
        "accessKey": Text(secret=True),
        "secretKey": Text(secret=True),
        "token": Text(secret=True),
        "defaultTags": Object({"tags": MapOf(Text())}),
        # The stand-in never does what these settings make the official provider skip.
        "maxRetries": Number(),
        "s3UsePathStyle": Flag(),
        "skipCredentialsValidation": Flag(),
        "skipMetadataApiCheck": Flag(),
        "skipRegionValidation": Flag(),
        "skipRequestingAccountId": Flag(),
    }
    resources = _of(Resource)
    functions = _of(Function)

    def configure(self, settings: Properties) -> None:
        super().configure(settings)
        self._clients = Clients(settings)

    def connect(self, properties: Properties) -> Connection:
        """The connection to a resource's region, by default the provider's region."""
        region = properties.get("region") or self.settings.get("region")
        if not isinstance(region, str):
            raise Refused("no region is known; set aws:region")
        return Connection(self._clients, region, self._default_tags)

    def prepare(self, resource: type[Resource[Any]], inputs: Properties) -> Properties:
        """``inputs`` with the provider's region and default tags, as in the official provider."""
        prepared = dict(inputs)
        if "region" in resource.inputs and "region" in self.settings:
            prepared.setdefault("region", self.settings["region"])
        if "tagsAll" in resource.inputs:
            tags = inputs.get("tags") or {}
            known = tags is not UNKNOWN and self._default_tags is not UNKNOWN
            prepared["tagsAll"] = {**self._default_tags, **tags} if known else UNKNOWN
        return prepared

    def limits(self, resource: type[Resource[Any]], inputs: Properties) -> Iterator[Failure]:
        """The failures of ``inputs`` against AWS's constraints, which AWS itself reports at the creation."""
        return broken_limits(resource, inputs)

    def explain(self, error: Exception) -> str | None:
        """The code and the message of an AWS API's error in one line."""
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            details = error.response["Error"]
            return f"{details.get('Code', 'Unknown')}: {details.get('Message', '')}"
        return " ".join(str(error).split())[:500] if isinstance(error, BotoCoreError) else None

    @property
    def _default_tags(self) -> Any:
        return (self.settings.get("defaultTags") or {}).get("tags") or {}
