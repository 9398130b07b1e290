"""Drives the stand-in for the Docker provider as the engine does, and deletes the resources afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.providers.docker.provider import Docker
from sandbox.standin.provider import Incomplete, State


@dataclass
class Made:
    """A resource as the engine's state holds it."""

    kind: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class Provider:
    """The stand-in, connected to a Docker Engine.

    Args:
        host: the engine's address.
    """

    def __init__(self, host: str) -> None:
        self.standin = Docker()
        settings, failures = self.standin.check_configuration({"host": host})
        assert not failures
        self.standin.configure(settings)

    def close(self) -> None:
        self.standin.connect({}).close()

    def check(self, kind: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The inputs with defaults, and their problems."""
        checked, failures = self.standin.check(token(kind), "it", {}, inputs, b"")
        return checked, [f"{failure.path}: {failure.reason}" for failure in failures]

    @contextmanager
    def made(self, kind: str, **inputs: Any) -> Iterator[Made]:
        """A resource, until the block ends. One that is created incompletely is deleted as well."""
        checked, failures = self.check(kind, inputs)
        assert not failures
        try:
            resource_id, outputs = self.standin.create(token(kind), checked, preview=False)
        except Incomplete as error:
            self.delete(Made(kind, error.made.resource_id, error.made.inputs, error.made.outputs))
            raise
        resource = Made(kind, resource_id, checked, outputs)
        try:
            yield resource
        finally:
            self.delete(resource)

    def read(self, resource: Made) -> State | None:
        return self.standin.read(token(resource.kind), resource.id, resource.inputs, resource.outputs)

    def changes(self, resource: Made, **inputs: Any) -> dict[str, bool]:
        """What other inputs change; true means a replacement."""
        checked, failures = self.check(resource.kind, {**_given(resource), **inputs})
        assert not failures
        difference = self.standin.diff(token(resource.kind), resource.inputs, resource.outputs, checked)
        return {change.path: change.replaces for change in difference.changes}

    def change(self, resource: Made, **inputs: Any) -> None:
        """Change a resource in place."""
        checked, _ = self.check(resource.kind, {**_given(resource), **inputs})
        resource.outputs = self.standin.update(
            token(resource.kind), resource.id, resource.inputs, resource.outputs, checked, preview=False
        )
        resource.inputs = checked

    def delete(self, resource: Made) -> None:
        self.standin.delete(token(resource.kind), resource.id, resource.outputs)


def _given(resource: Made) -> dict[str, Any]:
    """The inputs of a resource, without the record of the provider's defaults."""
    return {name: value for name, value in resource.inputs.items() if name != "__defaults"}


def token(kind: str) -> str:
    return f"docker:index/{kind[0].lower()}{kind[1:]}:{kind}"
