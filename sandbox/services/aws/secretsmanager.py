"""Patches moto's Secrets Manager, which cannot remove a secret's description."""

from collections.abc import Callable
from typing import Any


def patch() -> None:
    """Patch moto's classes in this process; idempotent."""
    from moto.secretsmanager import models

    backend: Any = models.SecretsManagerBackend
    if not hasattr(backend.update_secret, "patched"):
        backend.update_secret = _describing(backend.update_secret)


def _describing(original: Callable[..., str]) -> Callable[..., str]:
    def update(backend: Any, secret_id: str, *arguments: Any, **named: Any) -> str:
        answer = original(backend, secret_id, *arguments, **named)
        if named.get("description") == "":
            backend.secrets[secret_id].description = ""
        return answer

    update.patched = True  # type: ignore[attr-defined]
    return update
