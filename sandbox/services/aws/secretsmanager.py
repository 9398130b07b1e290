"""Patches moto's Secrets Manager, which cannot remove a secret's description."""

from collections.abc import Callable
from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend

from sandbox.services.aws.patching import around


@around(SecretsManagerBackend)
def update_secret(
    original: Callable[..., str], backend: Any, secret_id: str, *arguments: Any, **named: Any
) -> str:
    """Update a secret, also with an empty description."""
    answer = original(backend, secret_id, *arguments, **named)
    if named.get("description") == "":
        backend.secrets[secret_id].description = ""
    return answer
