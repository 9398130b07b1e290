"""IAM authorization in the sandbox, when moto enforces it (its `INITIAL_NO_AUTH_ACTION_COUNT`).

moto looks up the caller and the policies; but it compares every resource with `*`, supports conditions only
in trust policies, and names actions of S3 by its own routes. Here a call has the action that AWS defines for
it, the resources that it names, and its dependent actions
(docs.aws.amazon.com/service-authorization/latest/reference). Policies have only statements that allow, with
`StringEquals` and `StringLike`, as in this project.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from operator import eq
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import xmltodict
from moto.core.exceptions import AccessDeniedError, JsonRESTError
from moto.iam.access_control import IAMPolicy, IAMRequestBase
from moto.ssm.models import ssm_backends

from sandbox.services.aws.patching import method_of

SUBRESOURCES = {
    "GET": {
        "encryption": "GetEncryptionConfiguration",
        "object-lock": "GetBucketObjectLockConfiguration",
        "publicAccessBlock": "GetBucketPublicAccessBlock",
        "replication": "GetReplicationConfiguration",
        "requestPayment": "GetBucketRequestPayment",
    },
    "PUT": {
        "encryption": "PutEncryptionConfiguration",
        "publicAccessBlock": "PutBucketPublicAccessBlock",
    },
    "DELETE": {
        "encryption": "PutEncryptionConfiguration",
        "publicAccessBlock": "PutBucketPublicAccessBlock",
    },
}
"""The actions of calls to S3 whose routes moto does not distinguish, by method and part of the bucket."""

S3_CONTROL_TAGS = "/v20180820/tags/"
TAGS_OF_A_BUCKET = {"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}
"""The actions of S3 Control's calls on the tags of a bucket, by method; its ARN is the end of the path."""

RENAMED = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:GetObjectVersion": "s3:GetObject",
}
"""Calls with an action of another name. The provider reads only the latest version of an object."""

FREE = {"sts:GetCallerIdentity"}
"""Calls that need no permission."""

TAKES_BESIDES = {
    "autoscaling:CreateAutoScalingGroup": ["ec2:RunInstances"],
    "autoscaling:UpdateAutoScalingGroup": ["ec2:RunInstances"],
    "iam:AddRoleToInstanceProfile": ["iam:PassRole"],
    "lambda:CreateFunction": ["iam:PassRole"],
    "scheduler:CreateSchedule": ["iam:PassRole"],
    "ssm:PutParameter": ["kms:Encrypt"],
}
"""The actions that AWS requires besides a call's own: the dependent actions of the same reference; for a
parameter under a key, docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html."""

AWS_MANAGED_KEY = "alias/aws/ssm"
"""The default key of parameters; every identity that may read a parameter may use it."""

OPERATORS: Mapping[str, Callable[[str, str], bool]] = {"StringEquals": eq, "StringLike": fnmatchcase}
"""The supported operators of conditions."""

IN_JSON = {"ecr", "kms", "lambda", "logs", "monitoring", "scheduler", "secretsmanager", "ssm"}
"""The services whose responses are JSON."""

PATHS = {"lambda": "functions", "scheduler": "schedules"}
"""The prefix of a resource's name in the path of a call."""

PARAMETERS = {
    "autoscaling": ("AutoScalingGroupName", "autoScalingGroup:0:autoScalingGroupName/{}"),
    "cloudwatch": ("AlarmName", "alarm:{}"),
    "ecr": ("repositoryName", "repository/{}"),
    "logs": ("logGroupName", "log-group:{}"),
    "secretsmanager": ("Name", "secret:{}-AbCdEf"),
    "ssm": ("Name", "parameter{}"),
}
"""The parameter that names a call's resource, and the end of its ARN."""


@dataclass(frozen=True)
class Call:
    """A call as IAM sees it.

    Attributes:
        action: the action.
        resources: the resources that it names, if any.
        context: the known values of its own condition keys.
        caller: the ARN of the caller.
    """

    action: str
    resources: tuple[str, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict, compare=False)
    caller: str = field(default="", compare=False)


_recorders: list[list[Call]] = []
_lock = threading.Lock()


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """Record every call that this process authorizes, until the context ends."""
    calls: list[Call] = []
    with _lock:
        _recorders.append(calls)
    try:
        yield calls
    finally:
        with _lock:
            _recorders.remove(calls)


def allows(statements: Sequence[Mapping[str, Any]], call: Call, context: Mapping[str, str]) -> bool:
    """Whether statements allow a call on every resource that it names.

    Args:
        statements: those of all policies of the caller.
        call: the call.
        context: the known values of condition keys, in addition to the call's own.
    """
    known = {**context, **call.context}
    return all(
        any(_applies(statement, call.action, resource, known) for statement in statements)
        for resource in call.resources or [None]
    )


def _applies(
    statement: Mapping[str, Any], action: str, resource: str | None, context: Mapping[str, str]
) -> bool:
    if statement["Effect"] != "Allow" or not any(
        fnmatchcase(action, each) for each in _listed(statement["Action"])
    ):
        return False
    if resource is not None and not any(
        fnmatchcase(resource, each) for each in _listed(statement["Resource"])
    ):
        return False
    return all(
        operator in OPERATORS and any(OPERATORS[operator](context[key], each) for each in _listed(wanted))
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
        if key in context or operator not in OPERATORS
    )


@method_of(IAMRequestBase)
def check_signature(_request: Any) -> None:
    """Accept any: it signs the original request; to S3 Control, or in CBOR, moto gets a converted one."""


@method_of(IAMRequestBase)
def check_action_permitted(request: Any, resource: str) -> None:
    """Check a call in place of moto."""
    caller = request._access_key.arn
    calls = [replace(each, caller=caller) for each in _calls(request, resource)]
    with _lock:
        for recorder in _recorders:
            recorder.extend(calls)
    statements = [
        statement for policy in request._access_key.collect_policies() for statement in _statements_of(policy)
    ]
    context = {"aws:RequestedRegion": request._region}
    for call in calls:
        if call.action not in FREE and not allows(statements, call, context):
            _refuse(request, call)


def _calls(request: Any, resource: str) -> Iterator[Call]:
    """The call of a request, and its dependent actions."""
    call = _call(request, resource)
    yield call
    yield from (Call(each) for each in TAKES_BESIDES.get(call.action, ()))
    if request._headers.get("X-Amz-Tagging"):
        yield Call("s3:PutObjectTagging", call.resources)
    if call.action == "s3:CreateBucket" and b"<Tag>" in (request._body or b""):
        yield Call("s3:TagResource", call.resources)
    if call.action == "ssm:GetParameter":
        yield from _decryption(request, call)


def _decryption(request: Any, read: Call) -> Iterator[Call]:
    """The decryption of the parameter, if its key is a customer managed key.

    Source: docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html.
    """
    given = _given(request)
    parameter = ssm_backends[request.account_id][request._region].get_parameter(given["Name"])
    key = parameter.keyid if parameter and parameter.parameter_type == "SecureString" else None
    if key and key != AWS_MANAGED_KEY and given.get("WithDecryption"):
        context = {
            "kms:ViaService": f"ssm.{request._region}.amazonaws.com",
            "kms:EncryptionContext:PARAMETER_ARN": read.resources[0],
        }
        yield Call("kms:Decrypt", (key,), context)


def _refuse(request: Any, call: Call) -> None:
    """Refuse in the format of the service: moto has one format for all, which only botocore reads."""
    on = f" on resource: {call.resources[0]}" if call.resources else ""
    message = f"User: {call.caller} is not authorized to perform: {call.action}{on}"
    if request._service in IN_JSON:
        raise JsonRESTError("AccessDeniedException", message)
    if request._service == "s3":
        request._raise_access_denied()
    refused = AccessDeniedError(user_arn=call.caller, action=call.action)
    of_ec2 = request._service == "ec2"
    error = {"Code": "UnauthorizedOperation" if of_ec2 else "AccessDenied", "Message": message}
    answer = {"Response": {"Errors": {"Error": error}}} if of_ec2 else {"ErrorResponse": {"Error": error}}
    refused.description = xmltodict.unparse(answer)
    raise refused


def _statements_of(policy: Any) -> list[Mapping[str, Any]]:
    return _listed(IAMPolicy(policy)._policy_json["Statement"])


def _call(request: Any, resource: str) -> Call:
    service, _, action = request._action.partition(":")
    service = {"monitoring": "cloudwatch"}.get(service, service)
    split = urlsplit(request._path)
    if split.path.startswith(S3_CONTROL_TAGS):
        arn = unquote(split.path.removeprefix(S3_CONTROL_TAGS))
        return Call(f"s3:{TAGS_OF_A_BUCKET[request._method]}", (arn,))
    if service == "s3":
        parts = SUBRESOURCES.get(request._method, {})
        query = parse_qs(split.query, keep_blank_values=True)
        action = next((parts[each] for each in query if each in parts), action)
        return Call(_action(service, action), (resource,) if resource != "arn:aws:s3:::*" else ())
    return Call(_action(service, action), tuple(_named(service, request, split.path)))


def _action(service: str, operation: str) -> str:
    name = f"{service}:{operation}"
    return RENAMED.get(name, name)


def _named(service: str, request: Any, path: str) -> Iterator[str]:
    """The ARNs of the resources that a call names."""
    partition = "aws"
    start = f"arn:{partition}:{service}:{request._region}:{request.account_id}"
    if service in PATHS:
        _, _, rest = unquote(path).partition(f"/{PATHS[service]}/")
        name = rest.partition("/")[0]
        kind = "function:" if service == "lambda" else "schedule/default/"
        if name and not name.startswith("arn:"):
            yield f"{start}:{kind}{name}"
        return
    given = _given(request)
    if service == "iam":
        yield from _named_in_iam(request, given)
    elif service in PARAMETERS:
        parameter, form = PARAMETERS[service]
        if isinstance(value := given.get(parameter), str):
            of_aws = service == "ssm" and value.startswith("/aws/")  # its ARN has no account
            yield f"{start.removesuffix(request.account_id) if of_aws else start}:{form.format(value)}"


def _named_in_iam(request: Any, given: Mapping[str, Any]) -> Iterator[str]:
    start = f"arn:aws:iam::{request.account_id}"
    if arn := given.get("OpenIDConnectProviderArn"):
        yield arn
    elif name := given.get("InstanceProfileName"):
        known = {each.name: each.arn for each in request.backend.get_instance_profiles()}
        yield known.get(name, f"{start}:instance-profile{given.get('Path', '/')}{name}")
    elif name := given.get("RoleName"):
        known = {each.name: each.arn for each in request.backend.roles.values()}
        yield known.get(name, f"{start}:role{given.get('Path', '/')}{name}")


def _given(request: Any) -> Mapping[str, Any]:
    """The parameters of a call in JSON, or in a form."""
    try:
        body = json.loads(request._body or b"{}")
    except ValueError:
        body = {}
    form = {key: each[0] if isinstance(each, list) else each for key, each in (request._data or {}).items()}
    return {**form, **body} if isinstance(body, dict) else form


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
