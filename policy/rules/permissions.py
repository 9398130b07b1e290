"""Rules for IAM policies: their actions, resources and principals."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .rule import Resource, Rule, Setting, listed, texts

ROLE = "aws:iam/role:Role"
POLICIES = (
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
ATTACHMENTS = (
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive",
)
WITHOUT_RESOURCE = ("ecr:GetAuthorizationToken", "ecr-public:GetAuthorizationToken", "sts:GetCallerIdentity")
"""Actions without resource-level permissions.

Source: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html.
"""
ADMINISTRATORS = ("AdministratorAccess", "AdministratorAccess-Amplify", "IAMFullAccess", "PowerUserAccess")
"""The AWS managed policies that allow all actions, nearly all actions, or privilege escalation to them.

Source: the managed policies that allow `*`, `iam:*`, `iam:PutRolePolicy` or a NotAction on every resource
without a condition.
"""
ACTIONS, MANAGED = "actions", "policies"


def unnamed_resources(resource: Resource) -> Iterator[str]:
    """A statement on `*` with a condition is accepted."""
    documents = (
        [policy.get("policy") for policy in listed(resource.inputs.get("inlinePolicies"))]
        if resource.type == ROLE
        else [resource.inputs.get("policy")]
    )
    allowed = {each.lower() for each in (*WITHOUT_RESOURCE, *resource.settings[ACTIONS])}
    for document in documents:
        for number, statement in enumerate(_statements(document), 1):
            if statement.get("Effect") != "Allow" or statement.get("Condition"):
                continue
            on_everything = "NotResource" in statement or any(
                _is_everything(each) for each in listed(statement.get("Resource"))
            )
            actions = [each for each in listed(statement.get("Action")) if each.lower() not in allowed]
            if on_everything and (actions or "NotAction" in statement):
                what = ", ".join(actions) or "all but some actions"
                yield (
                    f"Its statement {_name(statement, number)} allows {what} on every resource. "
                    "Name the resources by their ARNs, or add a Condition."
                )


def _is_everything(arn: str) -> bool:
    """Whether an ARN matches every resource: `*`, or an ARN such as `arn:aws:ecr:*:*:*`."""
    parts = arn.split(":", 5)
    return not parts[-1].strip("*") if len(parts) == 6 else "*" in arn


def administrator_policies(resource: Resource) -> Iterator[str]:
    """A job that obtains the credentials of its runner's role has all permissions of the role."""
    refused = resource.settings[MANAGED]
    for key in ("policyArn", "policyArns", "managedPolicyArns"):
        for arn in texts(resource.inputs.get(key)):
            owner, _, name = arn.partition(":policy/")
            if owner.endswith(":iam::aws") and name.rpartition("/")[2] in refused:
                yield (
                    f"It attaches {name.rpartition('/')[2]}. "
                    "Attach a policy with only the required actions and resources."
                )


RESOURCE_POLICIES: Mapping[str, str] = {
    ROLE: "assumeRolePolicy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": "repositoryPolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
"""The resource types with a resource-based policy, and the input with the policy."""
LAMBDA_PERMISSION = "aws:lambda/permission:Permission"
_NARROWING = {
    *("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths"),
    *("aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths"),
    *("aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:userid", "aws:vpcsourceip"),
    *("aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"),
    *("kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn"),
}
"""The condition keys that restrict the principal or source of a request.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html, "the meaning of
public".
"""
_OPERATORS = {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
"""The condition operators that match only the listed values: not negated, and false if the key is missing."""


def wildcard_principals(resource: Resource) -> Iterator[str]:
    """A principal `*` allows everyone who can send a request to AWS."""
    inputs = resource.inputs
    if resource.type == LAMBDA_PERMISSION:
        narrowed = any(inputs.get(key) for key in ("sourceArn", "sourceAccount", "principalOrgId"))
        if inputs.get("principal") == "*" and not narrowed:
            yield "It allows everyone to invoke it. Name a principal, or set sourceArn or sourceAccount."
        return
    for number, statement in enumerate(_statements(inputs.get(RESOURCE_POLICIES[resource.type])), 1):
        if statement.get("Effect") != "Allow":
            continue
        conditions = list(_conditions(statement))
        named = any(key in _NARROWING and not _is_anyone(value) for key, value in conditions)
        if ("NotPrincipal" in statement or _allows_everyone(statement.get("Principal"))) and not named:
            yield (
                f"Its statement {_name(statement, number)} allows everyone. Name the principals by their "
                "ARNs, or add a Condition on aws:PrincipalOrgID or aws:SourceArn."
            )
        elif _is_identity_provider(statement.get("Principal")) and not any(
            key.endswith(":sub") and not _is_anyone(value) for key, value in conditions
        ):
            yield (
                f"Its statement {_name(statement, number)} allows every job of the identity provider. Add a "
                "Condition on its :sub, such as project_path:GROUP/PROJECT:ref_type:branch:ref:main."
            )


def _allows_everyone(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        return any("*" in listed(principal.get(kind)) for kind in principal)
    return bool(principal == "*")


def _is_identity_provider(principal: Any) -> bool:
    federated = listed(principal.get("Federated")) if isinstance(principal, Mapping) else []
    return any(":oidc-provider/" in each for each in federated)


def _conditions(statement: Any) -> Iterator[tuple[str, Any]]:
    """Each condition key, in lower case, with its values, of the operators in `_OPERATORS`."""
    for operator, tests in (statement.get("Condition") or {}).items():
        if operator.lower().removeprefix("foranyvalue:") in _OPERATORS:
            for key, value in tests.items():
                yield key.lower(), value


def _is_anyone(values: Any) -> bool:
    """Whether a value of a condition matches everyone: `*`, or every address, account or top-level group."""
    return any(
        each.startswith(("*", _ANY_PROJECT)) or each in _ANYONE or each.split(":")[4:5] == ["*"]
        for each in listed(values)
        if isinstance(each, str)
    )


_ANYONE = {"0.0.0.0/0", "::/0"}
_ANY_PROJECT = "project_path:*"
"""The start of the subjects of all projects, also with a branch: anyone may have one with that branch."""


def _name(statement: Any, number: int) -> str:
    return statement.get("Sid") or f"number {number}"


def _statements(document: Any) -> list[Any]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:  # the provider refuses it
            return []
    return listed((document or {}).get("Statement"))


RESOURCES_NAMED = Rule(
    "iam-resources-named",
    "An IAM statement names its resources, unless its actions support none or it has a condition.",
    (*POLICIES, ROLE),
    unnamed_resources,
    settings={
        ACTIONS: Setting(
            {
                "type": "array",
                "items": {"type": "string"},
                "description": "Additional actions that may be allowed on every resource.",
            },
            [],
        )
    },
)
NO_ADMINISTRATOR = Rule(
    "iam-no-administrator",
    "No AWS managed policy with administrator permissions is attached.",
    (*ATTACHMENTS, ROLE),
    administrator_policies,
    settings={
        MANAGED: Setting(
            {
                "type": "array",
                "items": {"type": "string"},
                "description": "The names of the AWS managed policies that are refused.",
            },
            list(ADMINISTRATORS),
        )
    },
)
PRINCIPALS_NAMED = Rule(
    "principals-named",
    "A trust policy or resource-based policy names its principals.",
    (*RESOURCE_POLICIES, LAMBDA_PERMISSION),
    wildcard_principals,
)
