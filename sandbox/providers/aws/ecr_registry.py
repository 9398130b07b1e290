"""The settings of a whole registry of the Elastic Container Registry; each region has one.

Source of updates and replacements: the official provider's ``internal/service/ecr``.
"""

from abc import abstractmethod
from typing import ClassVar

from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, AwsResource
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import ListOf, Object, SetOf, Text
from sandbox.standin.values import Properties

_FILTER = Object({"filter": Text(required=True), "filterType": Text(required=True)})

_DESTINATION = Object({"region": Text(required=True), "registryId": Text(required=True)})

_REPLICATION = Object(
    {
        "rules": ListOf(
            Object(
                {
                    "destinations": ListOf(_DESTINATION, required=True, maximum_items=25),
                    "repositoryFilters": ListOf(_FILTER, minimum_items=1),
                }
            ),
            required=True,
            maximum_items=10,
        )
    }
)


class _RegistrySetting(AwsResource):
    """A setting that each registry has, put as a whole. Its id is the account id."""

    service = "ecr"
    outputs = {"registryId": Text()}
    default: ClassVar[Properties]
    """The inputs that are put at the deletion of the resource."""

    def create(self, inputs: Properties) -> str:
        self.put(inputs)
        return self.connection.account

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        self.put(new)

    def remove(self, resource_id: str, state: Properties) -> None:
        self.put(self.default)

    @abstractmethod
    def put(self, inputs: Properties) -> None:
        """Replace the setting."""


class ReplicationConfiguration(_RegistrySetting):
    """The replication of a registry's images. Without rules, it does not exist."""

    token = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
    inputs = {"replicationConfiguration": _REPLICATION, **REGION}
    default: ClassVar[Properties] = {}

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        live = self.client.describe_registry()
        rules = live["replicationConfiguration"]["rules"]
        if not rules:
            return None
        return {"replicationConfiguration": {"rules": rules}, "registryId": live["registryId"]}

    def put(self, inputs: Properties) -> None:
        self.client.put_replication_configuration(
            replicationConfiguration=inputs.get("replicationConfiguration") or {"rules": []}
        )


_SCANNING_RULE = Object(
    {
        "repositoryFilters": SetOf(_FILTER, required=True, minimum_items=1),
        "scanFrequency": Text(required=True),
    }
)


class RegistryScanningConfiguration(_RegistrySetting):
    """The scanning configuration of a registry, by default basic scanning without rules."""

    token = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
    inputs = {"scanType": Text(required=True), "rules": SetOf(_SCANNING_RULE, maximum_items=100), **REGION}
    default: ClassVar[Properties] = {"scanType": "BASIC"}

    def describe(self, resource_id: str, known: Properties) -> Properties:
        live = self.client.get_registry_scanning_configuration()
        return {**live["scanningConfiguration"], "registryId": live["registryId"]}

    def put(self, inputs: Properties) -> None:
        rules = inputs.get("rules") or []
        self.client.put_registry_scanning_configuration(scanType=inputs["scanType"], rules=rules)


class RegistryPolicy(TableResource):
    """The policy of a registry. Its id is the account id."""

    token = "aws:ecr/registryPolicy:RegistryPolicy"
    service = "ecr"
    gone = ("RegistryPolicyNotFoundException",)
    inputs = {"policy": PolicyDocument(required=True, service_name="policyText"), **REGION}
    outputs = {"registryId": Text()}
    makes, shows, removes = "PutRegistryPolicy", "GetRegistryPolicy", "DeleteRegistryPolicy"
    chosen = "registryId"
