"""Patches moto's S3.

moto enforces bucket policies but not their conditions, so the usual "deny what does not come over TLS" would
deny everything. Statements with a condition are left out of the decision; the policy is kept and shown as it
was put.
"""

import json
from typing import Any


def patch() -> None:
    """Change moto's classes in this process; a second call changes nothing."""
    from moto.s3 import models

    bucket_class: Any = models.FakeBucket
    bucket_class.get_permission = _get_permission


def _get_permission(bucket: Any, action: str, resource: str) -> Any:
    from moto.iam.access_control import IAMPolicy, PermissionResult

    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    document = json.loads(bucket.policy)
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    unconditional = [statement for statement in listed if not statement.get("Condition")]
    return IAMPolicy(json.dumps({**document, "Statement": unconditional})).is_action_permitted(
        action, resource
    )
