"""Patches moto's S3.

moto enforces bucket policies but not their conditions, so the usual statement that denies requests
without TLS would deny every request. Here statements with a condition are left out of the decision; the
policy is stored and returned unchanged. A bucket gets the tags in the request of its creation.
"""

import json
from collections.abc import Callable
from typing import Any

import xmltodict
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from sandbox.services.aws.patching import around, method_of


@around(S3Response)
def _bucket_response_put(
    original: Callable[..., Any], response: Any, request: Any, bucket_name: str, querystring: dict[str, Any]
) -> Any:
    answer = original(response, request, bucket_name, querystring)
    asked = xmltodict.parse(response.body, force_list=["Tag"]) if response.body and not querystring else {}
    tags = (asked.get("CreateBucketConfiguration", {}).get("Tags") or {}).get("Tag", [])
    if tags:
        response.backend.put_bucket_tagging(bucket_name, {tag["Key"]: tag["Value"] or "" for tag in tags})
    return answer


@method_of(FakeBucket)
def get_permission(bucket: Any, action: str, resource: str) -> PermissionResult:
    """The decision of the bucket's statements without a condition."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    document = json.loads(bucket.policy)
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    unconditional = [statement for statement in listed if not statement.get("Condition")]
    policy = IAMPolicy(json.dumps({**document, "Statement": unconditional}))
    return policy.is_action_permitted(action, resource)
