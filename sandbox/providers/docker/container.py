"""`docker.Container`: a container of the engine."""

import base64
import io
import tarfile
import time
from collections.abc import Iterator

import docker
from docker.errors import NotFound

from sandbox.providers.docker.container_settings import (
    INPUTS,
    MIB,
    configuration_of,
    properties_of,
    restart_policy,
)
from sandbox.providers.docker.images import find_or_pull
from sandbox.standin.properties import Failure, Number, Text
from sandbox.standin.provider import AutomaticName, Refused, Resource
from sandbox.standin.values import UNKNOWN, Properties

_CHECKED_EVERY_S = 0.5
_FIXED = ("healthcheck", "init", "tmpfs")
"""The properties whose update the official provider reports without applying it."""
_CONTENTS = ("content", "contentBase64")


class Container(Resource[docker.APIClient]):
    """A container.

    If a step after its creation fails, such as an upload, the container remains, also in the state, as with
    the official provider.
    """

    token = "docker:index/container:Container"
    inputs = INPUTS
    outputs = {"exitCode": Number(), "containerLogs": Text()}
    automatic_name = AutomaticName()
    deletes_first = True  # pulumi/pulumi-docker, provider/resources.go: DeleteBeforeReplace

    _logs: str | None = None

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Each upload has one content, and `wait` requires a health check."""
        uploads = inputs.get("uploads", ())
        for index, upload in enumerate([] if uploads is UNKNOWN else uploads):
            if upload is not UNKNOWN and sum(bool(upload.get(each)) for each in _CONTENTS) != 1:
                yield Failure(f"uploads[{index}]", "one of content and contentBase64 must be given")
        if inputs.get("wait") is True and "healthcheck" not in inputs:
            yield Failure("wait", "not allowed without a healthcheck")

    def create(self, inputs: Properties) -> str:
        """Creates the container, and pulls its image if missing; its id is the engine's id."""
        find_or_pull(self.connection, inputs["image"])
        configuration = configuration_of(inputs)
        made = self.connection.create_container_from_config(configuration, inputs["name"])  # type: ignore[no-untyped-call]
        return str(made["Id"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Connects it to networks, uploads files and starts it; then waits for its health or its exit."""
        if "networksAdvanced" in inputs:
            self.connection.disconnect_container_from_network(resource_id, "bridge")
        for network in inputs.get("networksAdvanced", ()):
            self.connection.connect_container_to_network(
                resource_id, network["name"], aliases=network.get("aliases")
            )
        for upload in inputs.get("uploads", ()):
            self.connection.put_archive(resource_id, "/", _archive(upload))
        if not inputs["start"]:
            return
        self.connection.start(resource_id)
        if inputs["wait"]:
            self._wait_for_health(resource_id, inputs["waitTimeout"])
        if inputs["attach"]:
            self.connection.wait(resource_id)
            if inputs["logs"]:
                self._logs = self.connection.logs(resource_id).decode(errors="replace")

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The container's properties from the engine. `mustRun` of a stopped container shows as a change."""
        try:
            container = self.connection.inspect_container(resource_id)
        except NotFound:
            return None
        found = properties_of(container)
        if self._logs is not None:
            found["containerLogs"] = self._logs
        if known.get("logOpts") is None:
            del found["logOpts"]
        if not container["State"]["Running"]:
            found["exitCode"] = container["State"]["ExitCode"]
            if known.get("mustRun") and known.get("start"):
                found["mustRun"] = False
        return found

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Updates the properties that can be updated, and starts it if it must run."""
        if fixed := sorted(changed.intersection(_FIXED)):
            raise Refused(f"{', '.join(fixed)} cannot be changed: the container must be replaced")
        if changed & {"restart", "maxRetryCount", "memory"}:
            self.connection.update_container(
                resource_id, restart_policy=restart_policy(new), mem_limit=new.get("memory", 0) * MIB
            )
        if "mustRun" in changed and new["mustRun"] and new["start"]:
            self.connection.start(resource_id)

    def delete(self, resource_id: str, state: Properties) -> None:
        """Stops the container, within `destroyGraceSeconds`, and removes it."""
        try:
            if not state.get("attach"):
                self.connection.stop(resource_id, timeout=state.get("destroyGraceSeconds") or 0)
            self.connection.remove_container(resource_id, v=state.get("removeVolumes", True), force=True)
        except NotFound:
            return

    def _wait_for_health(self, resource_id: str, seconds: int) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self.connection.inspect_container(resource_id)["State"]
            if state.get("Health", {}).get("Status") == "healthy":
                return
            time.sleep(_CHECKED_EVERY_S)
        raise Refused(f"the container was not healthy within {seconds} s")


def _archive(upload: Properties) -> bytes:
    """An upload as a tar archive for the engine's API."""
    content = (
        base64.b64decode(upload["contentBase64"]) if "contentBase64" in upload else upload["content"].encode()
    )
    entry = tarfile.TarInfo(upload["file"].lstrip("/"))
    entry.size, entry.mtime = len(content), int(time.time())
    entry.mode = int(upload.get("permissions") or ("744" if upload.get("executable") else "644"), 8)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as files:
        files.addfile(entry, io.BytesIO(content))
    return archive.getvalue()
