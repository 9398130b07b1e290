"""`docker.Network` and `docker.Volume`: each change replaces them."""

from collections.abc import Mapping
from typing import Any, ClassVar

import docker
from docker.errors import NotFound

from sandbox.providers.docker.chosen import ChosenText
from sandbox.providers.docker.labels import LABELS, as_list, as_mapping
from sandbox.standin.properties import Flag, MapOf, Text, snake_case
from sandbox.standin.provider import AutomaticName, Resource
from sandbox.standin.values import Properties


class _Kept(Resource[docker.APIClient]):
    """What the engine creates, inspects and removes, except while a container uses it.

    - ``noun``: its name in the operations of the client.
    - ``identity``: the member of the response with its id.
    - ``always``: the arguments of every creation.
    """

    automatic_name = AutomaticName()
    noun: ClassVar[str]
    identity: ClassVar[str]
    always: ClassVar[Mapping[str, Any]] = {}

    def create(self, inputs: Properties) -> str:
        labels = as_mapping(inputs.get("labels"))
        given = {snake_case(name): inputs.get(name) for name in self.inputs}
        return str(self._call("create", **{**given, **self.always, "labels": labels})[self.identity])

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        try:
            live = self._call("inspect", resource_id)
        except NotFound:
            return None
        described = {**self.inputs, **self.outputs}
        found = {name: live[part.service_name] for name, part in described.items() if part.service_name}
        return {name: None if value == {} else value for name, value in found.items()} | {
            "labels": as_list(live["Labels"])
        }

    def delete(self, resource_id: str, state: Properties) -> None:
        try:
            self._call("remove", resource_id)
        except NotFound:
            return

    def _call(self, verb: str, *given: str, **named: Any) -> Any:
        return getattr(self.connection, f"{verb}_{self.noun}")(*given, **named)


class Network(_Kept):
    """A network, by default a bridge. Its id is the engine's id."""

    token = "docker:index/network:Network"
    noun, identity = "network", "Id"
    # As the official provider; engines before 25 (API 1.44) otherwise create a second network of that name.
    always = {"check_duplicate": True}
    inputs = {
        "name": Text(replaces=True, service_name="Name"),
        "driver": ChosenText(replaces=True, service_name="Driver"),
        "attachable": Flag(replaces=True, service_name="Attachable"),
        "internal": Flag(replaces=True, computed=True, service_name="Internal"),
        "options": MapOf(Text(), replaces=True, computed=True, service_name="Options"),
        "labels": LABELS,
    }
    outputs = {"scope": Text(service_name="Scope")}


class Volume(_Kept):
    """A volume. Its id is its name."""

    token = "docker:index/volume:Volume"
    noun, identity = "volume", "Name"
    inputs = {
        "name": Text(replaces=True, service_name="Name"),
        "driver": ChosenText(replaces=True, service_name="Driver"),
        "driverOpts": MapOf(Text(), replaces=True, service_name="Options"),
        "labels": LABELS,
    }
    outputs = {"mountpoint": Text(service_name="Mountpoint")}
