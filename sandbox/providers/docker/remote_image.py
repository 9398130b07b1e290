"""`docker.RemoteImage`: an image that the engine has, pulled where it has not."""

import docker

from sandbox.providers.docker.images import find, find_or_pull
from sandbox.providers.properties import Flag, ListOf, MapOf, Text
from sandbox.providers.standin import Resource
from sandbox.providers.values import Properties


class RemoteImage(Resource[docker.APIClient]):
    """An image by its name."""

    token = "docker:index/remoteImage:RemoteImage"
    inputs = {
        "name": Text(required=True, replaces=True),
        "platform": Text(replaces=True),
        "keepLocally": Flag(),
        "forceRemove": Flag(),
        "pullTriggers": ListOf(Text(), replaces=True),
        "triggers": MapOf(Text(), replaces=True),
    }
    outputs = {"imageId": Text(), "repoDigest": Text()}

    def create(self, inputs: Properties) -> str:
        """Pulls the image where it is not there; its id is the engine's, with its name behind it."""
        image = find_or_pull(self.connection, inputs["name"], inputs.get("platform"))
        return f"{image['Id']}{inputs['name']}"

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The image as the engine has it."""
        image = find(self.connection, known["name"])
        if image is None:
            return None
        return {"imageId": image["Id"], "repoDigest": next(iter(image["RepoDigests"]), None)}

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """What can change concerns its removal alone."""

    def delete(self, resource_id: str, state: Properties) -> None:
        """Removes the image, unless it is to be kept; the engine refuses while a container uses it."""
        if not state.get("keepLocally") and find(self.connection, state["name"]):
            self.connection.remove_image(state["name"], force=state.get("forceRemove", False))
