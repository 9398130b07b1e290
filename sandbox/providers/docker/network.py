"""`docker.Network`: a network of the engine."""

from typing import Any

import docker
from docker.errors import NotFound

from sandbox.providers.docker.labels import LABELS, as_list, as_mapping
from sandbox.standin.properties import Flag, MapOf, Text
from sandbox.standin.provider import AutomaticName, Resource
from sandbox.standin.values import Properties


class Network(Resource[docker.APIClient]):
    """A network, by default a bridge. Every change replaces it."""

    token = "docker:index/network:Network"
    inputs = {
        "name": Text(replaces=True),
        "driver": Text(replaces=True, computed=True),
        "attachable": Flag(replaces=True),
        "internal": Flag(replaces=True, computed=True),
        "options": MapOf(Text(), replaces=True, computed=True),
        "labels": LABELS,
    }
    outputs = {"scope": Text()}
    automatic_name = AutomaticName()

    def create(self, inputs: Properties) -> str:
        """Creates the network; its id is the engine's id."""
        made: dict[str, Any] = self.connection.create_network(
            inputs["name"],
            driver=inputs.get("driver"),
            options=inputs.get("options"),
            internal=inputs.get("internal", False),
            attachable=inputs.get("attachable"),
            labels=as_mapping(inputs.get("labels")),
        )
        return str(made["Id"])

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        try:
            network = self.connection.inspect_network(resource_id)
        except NotFound:
            return None
        return {
            "name": network["Name"],
            "driver": network["Driver"],
            "attachable": network["Attachable"],
            "internal": network["Internal"],
            "options": network["Options"] or None,
            "labels": as_list(network["Labels"]),
            "scope": network["Scope"],
        }

    def delete(self, resource_id: str, state: Properties) -> None:
        """Removes the network; the engine refuses while a container is connected."""
        try:
            self.connection.remove_network(resource_id)
        except NotFound:
            return
