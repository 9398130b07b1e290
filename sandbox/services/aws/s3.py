"""Patches moto's S3.

moto enforces bucket policies but not their conditions, so the usual "deny what does not come over TLS" would
deny everything. Statements with a condition are left out of the decision; the policy is kept and shown as it
was put. A bucket gets the tags that its creation asks for.
"""

import json
from functools import wraps
from typing import Any

import xmltodict


def patch() -> None:
    """Change moto's classes in this process; a second call changes nothing."""
    from moto.s3 import models, responses

    bucket_class: Any = models.FakeBucket
    bucket_class.get_permission = _get_permission
    response_class: Any = responses.S3Response
    put = response_class._bucket_response_put
    response_class._bucket_response_put = put if hasattr(put, "__wrapped__") else _with_tags(put)


def _with_tags(put: Any) -> Any:
    """Give a bucket the tags of its creation."""

    @wraps(put)
    def _bucket_response_put(
        response: Any, request: Any, bucket_name: str, querystring: dict[str, Any]
    ) -> Any:
        answer = put(response, request, bucket_name, querystring)
        asked = (
            xmltodict.parse(response.body, force_list=["Tag"]) if response.body and not querystring else {}
        )
        tags = (asked.get("CreateBucketConfiguration", {}).get("Tags") or {}).get("Tag", [])
        if tags:
            named = {tag["Key"]: tag["Value"] or "" for tag in tags}
            response.backend.put_bucket_tagging(bucket_name, named)
        return answer

    return _bucket_response_put


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
