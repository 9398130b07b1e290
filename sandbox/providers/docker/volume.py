"""`docker.Volume`: a volume of the engine."""

from typing import Any

import docker
from docker.errors import NotFound

from sandbox.providers.docker.labels import LABELS, as_list, as_mapping
from sandbox.standin.properties import MapOf, Text
from sandbox.standin.provider import AutomaticName, Resource
from sandbox.standin.values import Properties


class Volume(Resource[docker.APIClient]):
    """A volume. Every change replaces it."""

    token = "docker:index/volume:Volume"
    inputs = {
        "name": Text(replaces=True),
        "driver": Text(replaces=True, computed=True),
        "driverOpts": MapOf(Text(), replaces=True),
        "labels": LABELS,
    }
    outputs = {"mountpoint": Text()}
    automatic_name = AutomaticName()

    def create(self, inputs: Properties) -> str:
        made: dict[str, Any] = self.connection.create_volume(
            inputs["name"],
            driver=inputs.get("driver"),
            driver_opts=inputs.get("driverOpts"),
            labels=as_mapping(inputs.get("labels")),
        )
        return str(made["Name"])

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        try:
            volume = self.connection.inspect_volume(resource_id)
        except NotFound:
            return None
        return {
            "name": volume["Name"],
            "driver": volume["Driver"],
            "driverOpts": volume["Options"] or None,
            "labels": as_list(volume["Labels"]),
            "mountpoint": volume["Mountpoint"],
        }

    def delete(self, resource_id: str, state: Properties) -> None:
        """Removes the volume; the engine refuses while a container uses it."""
        try:
            self.connection.remove_volume(resource_id)
        except NotFound:
            return
