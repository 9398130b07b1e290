"""The stand-in: its configuration, and its resource types and functions."""

from docker.errors import DockerException

from sandbox.providers.docker_build.builder import Builder
from sandbox.providers.docker_build.context import context_hash
from sandbox.providers.docker_build.image import Image
from sandbox.standin.properties import Change, Kind, Text, below
from sandbox.standin.provider import Difference, StandIn
from sandbox.standin.values import Properties, is_known

_IGNORES = "ignoreSecretsInDiffCalculation"
"""The input with the names of secrets whose changes are ignored; a change of it is no difference."""


class DockerBuild(StandIn[Builder]):
    """The stand-in for the official provider.

    As in the official provider, the engine is that of DOCKER_HOST, and the registry credentials are those of
    the Docker configuration.
    """

    package = "docker-build"
    version = "0.0.22"
    configuration = {"host": Text()}
    resources = (Image,)
    functions = ()

    def connect(self, properties: Properties) -> Builder:
        """The builder, for any image."""
        return Builder(self.settings.get("host"))

    def explain(self, error: Exception) -> str | None:
        """The engine's message, or that it is not available; and the error of an unreadable file."""
        if isinstance(error, DockerException):
            return f"the Docker Engine: {getattr(error, 'explanation', None) or error}"
        return str(error) if isinstance(error, OSError) else None

    def diff(
        self, token: str, old_inputs: Properties, old_outputs: Properties, new: Properties
    ) -> Difference:
        """Compare the hash of the files too, and leave out ignored secrets."""
        found = super().diff(token, old_inputs, old_outputs, new)
        ignored = _ignored_secrets(old_inputs, new)
        changes = [
            change for change in found.changes if change.path not in ignored and change.property != _IGNORES
        ]
        context, dockerfile = new["context"]["location"], new["dockerfile"]["location"]
        if is_known([context, dockerfile]) and (
            context_hash(context, dockerfile) != old_outputs.get("contextHash")
        ):
            changes.append(Change("contextHash", Kind.UPDATE, replaces=False))
        return Difference(changes)


def _ignored_secrets(old: Properties, new: Properties) -> set[str]:
    """The paths of secrets whose changes are ignored: listed, and not new."""
    both = set(old.get("secrets", ())) & set(new.get("secrets", ()))
    return {below("secrets", name) for name in new.get(_IGNORES, ()) if name in both}
