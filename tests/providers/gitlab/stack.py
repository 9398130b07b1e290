"""Drives the stand-in for one resource, as the engine does."""

from dataclasses import dataclass
from typing import Any

import httpx

from sandbox.providers.gitlab.provider import GitLab
from sandbox.standin.provider import State

TOKEN = "token-of-the-administrator"


@dataclass
class Made:
    """A resource as it is in the engine's state."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass
class Stack:
    """Runs the operations of the engine on one resource: first a check, then the operation."""

    provider: GitLab
    client: httpx.Client

    def check(
        self, kind: str, inputs: dict[str, Any], old: Made | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        checked, failures = self.provider.check(token(kind), "it", old.inputs if old else {}, inputs, b"seed")
        return checked, [f"{failure.path}: {failure.reason}" for failure in failures]

    def make(self, kind: str, inputs: dict[str, Any]) -> Made:
        checked, failures = self.check(kind, inputs)
        assert not failures
        resource_id, outputs = self.provider.create(token(kind), checked, preview=False)
        return Made(resource_id, checked, outputs)

    def read(self, kind: str, made: Made) -> State | None:
        return self.provider.read(token(kind), made.id, made.inputs, made.outputs)

    def import_(self, kind: str, resource_id: str) -> State | None:
        return self.provider.read(token(kind), resource_id, {}, {})

    def changes(self, kind: str, made: Made, inputs: dict[str, Any]) -> dict[str, bool]:
        """The changes of an update to `inputs`; true means a replacement."""
        checked, failures = self.check(kind, inputs, made)
        assert not failures
        difference = self.provider.diff(token(kind), made.inputs, made.outputs, checked)
        return {change.path: change.replaces for change in difference.changes}

    def change(self, kind: str, made: Made, inputs: dict[str, Any]) -> Made:
        checked, failures = self.check(kind, inputs, made)
        assert not failures
        outputs = self.provider.update(
            token(kind), made.id, made.inputs, made.outputs, checked, preview=False
        )
        return Made(made.id, checked, outputs)

    def delete(self, kind: str, made: Made) -> None:
        self.provider.delete(token(kind), made.id, made.outputs)

    def by_hand(self, method: str, path: str, **body: Any) -> Any:
        """Sends a request to GitLab without the stack."""
        response = self.client.request(method, path, json=body or None)
        response.raise_for_status()
        return response.json() if response.content else None


def token(kind: str) -> str:
    return f"gitlab:index/{kind[0].lower()}{kind[1:]}:{kind}"
