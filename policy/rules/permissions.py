"""IAM policies."""

import json
from collections.abc import Iterator
from typing import Any

from .rule import Inputs, Rule

ROLE = "aws:iam/role:Role"
POLICIES = (
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
WITHOUT_RESOURCE = {"ecr:getauthorizationtoken", "ecr-public:getauthorizationtoken"}
"""Actions that can only be allowed on `*`, in lower case, as IAM compares them.

Source: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html.
"""


def unnamed_resources(kind: str, inputs: Inputs) -> Iterator[str]:
    """A statement on `*` is taken for narrow enough when a condition narrows it."""
    documents = (
        [policy.get("policy") for policy in inputs.get("inlinePolicies") or []]
        if kind == ROLE
        else [inputs.get("policy")]
    )
    for document in documents:
        for number, statement in enumerate(_statements(document), 1):
            actions = [
                action
                for action in _listed(statement.get("Action"))
                if action.lower() not in WITHOUT_RESOURCE
            ]
            if statement.get("Effect") != "Allow" or "*" not in _listed(statement.get("Resource")):
                continue
            if (actions or "NotAction" in statement) and not statement.get("Condition"):
                name = statement.get("Sid") or f"number {number}"
                what = ", ".join(actions) or "all but some actions"
                yield (
                    f"Its statement {name} allows {what} on every resource. "
                    "Name the resources by their ARNs, or add a Condition."
                )


def _statements(document: Any) -> list[Any]:
    if isinstance(document, str):
        document = json.loads(document)
    return _listed((document or {}).get("Statement"))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


RESOURCES_NAMED = Rule(
    "iam-resources-named",
    "An IAM statement names its resources, unless its actions have none or a condition narrows it.",
    (*POLICIES, ROLE),
    unnamed_resources,
)
