"""The settings of a whole registry of the Elastic Container Registry; each region has one.

Source of updates and replacements: the official provider's ``internal/service/ecr``.
"""

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


class ReplicationConfiguration(AwsResource):
    """The replication of a registry's images. Its id is the account id."""

    token = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
    service = "ecr"
    inputs = {"replicationConfiguration": _REPLICATION, **REGION}
    outputs = {"registryId": Text()}

    def create(self, inputs: Properties) -> str:
        """Replace the existing rules."""
        self._put(inputs)
        return self.connection.account

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The current rules; without any, the resource does not exist."""
        live = self.client.describe_registry()
        rules = live["replicationConfiguration"]["rules"]
        if not rules:
            return None
        return {"replicationConfiguration": {"rules": rules}, "registryId": live["registryId"]}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Replace the old rules."""
        self._put(new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Remove all rules."""
        self._put({})

    def _put(self, inputs: Properties) -> None:
        self.client.put_replication_configuration(
            replicationConfiguration=inputs.get("replicationConfiguration") or {"rules": []}
        )


_SCANNING_RULE = Object(
    {
        "repositoryFilters": SetOf(_FILTER, required=True, minimum_items=1),
        "scanFrequency": Text(required=True),
    }
)


class RegistryScanningConfiguration(AwsResource):
    """The scanning configuration of a registry. Its id is the account id."""

    token = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
    service = "ecr"
    inputs = {"scanType": Text(required=True), "rules": SetOf(_SCANNING_RULE, maximum_items=100), **REGION}
    outputs = {"registryId": Text()}

    def create(self, inputs: Properties) -> str:
        """Replace the existing configuration."""
        self._put(inputs)
        return self.connection.account

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The current configuration; it always exists."""
        live = self.client.get_registry_scanning_configuration()
        return {**live["scanningConfiguration"], "registryId": live["registryId"]}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Replace the old configuration."""
        self._put(new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Reset to basic scanning without rules."""
        self._put({"scanType": "BASIC"})

    def _put(self, inputs: Properties) -> None:
        self.client.put_registry_scanning_configuration(
            scanType=inputs["scanType"], rules=inputs.get("rules") or []
        )


class RegistryPolicy(TableResource):
    """The policy of a registry. Its id is the account id."""

    token = "aws:ecr/registryPolicy:RegistryPolicy"
    service = "ecr"
    gone = ("RegistryPolicyNotFoundException",)
    inputs = {"policy": PolicyDocument(required=True, service_name="policyText"), **REGION}
    outputs = {"registryId": Text()}
    makes, shows, removes = "PutRegistryPolicy", "GetRegistryPolicy", "DeleteRegistryPolicy"
    chosen = "registryId"
