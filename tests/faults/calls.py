"""The call of a request to AWS or GitLab: its service, its action and the resource that it names.

The engine makes calls in parallel, so a call is identified by its content, not by its position. Parts that
differ in each run are left out: random suffixes of names, ids, addresses.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_READS = ("Describe", "Get", "List", "Head", "BatchGet", "BatchCheck", "Lookup", "Simulate")
_NAMES = (
    "repositoryName", "AliasName", "Name", "name", "RoleName", "PolicyName", "InstanceProfileName",
    "GroupName", "LaunchTemplateName", "LaunchTemplateData.ImageId", "AutoScalingGroupName",
    "LifecycleHookName", "logGroupName", "ecrRepositoryPrefix", "prefix",
    "SecretId", "FunctionName", "ResourceId", "key", "description", "Description", "AlarmName",
    "AvailabilityZone", "CidrBlock", "ServiceName", "DestinationCidrBlock", "Url",
    "IpPermissions.1.IpRanges.1.CidrIp", "IpPermissions.1.FromPort", "environment_scope",
)  # fmt: skip
"""The parameters that name the resource of a call, in display order."""

_RANDOM = (
    re.compile(r"-[0-9a-f]{7}(?![0-9a-z])"),  # the suffix of an automatic name
    re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
    re.compile(r"(?<=-)[0-9a-f]{8,17}(?![0-9a-z])"),  # the hexadecimal part of an EC2 id
    re.compile(r"(?<=://)127\.0\.0\.1:\d+"),
)


@dataclass(frozen=True)
class Request:
    """An HTTP request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Call:
    """An API call.

    Attributes:
        service: the service, such as `ecr`, or `gitlab`.
        action: the action, such as `CreateRepository`, or `POST user/runners`.
        resource: the names of its resource, without the parts that differ from run to run.
    """

    service: str
    action: str
    resource: str

    @property
    def changes(self) -> bool:
        """Whether the call mutates a resource."""
        verb = self.action.partition(" ")[0]
        return self.service != "sts" and verb not in ("GET", "HEAD") and not verb.startswith(_READS)

    def __str__(self) -> str:
        return " ".join(filter(None, (self.service, self.action, self.resource)))


def call_of(request: Request, service: str) -> Call:
    """The API call of a request.

    Args:
        request: the request.
        service: `aws` or `gitlab`.
    """
    address = urlsplit(request.path)
    if service == "gitlab":
        action = f"{request.method} {_steady(address.path.removeprefix('/api/v4/'))}"
        return Call("gitlab", action, _resource(_flat(_json(request.body))))
    # "AWS4-HMAC-SHA256 Credential=KEY/DAY/REGION/SERVICE/aws4_request, …"
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", request.headers.get("Authorization", ""))
    name = scope.group(1) if scope else "aws"
    if target := request.headers.get("X-Amz-Target"):
        return Call(name, target.rpartition(".")[2], _resource(_flat(_json(request.body))))
    if cbor := re.fullmatch(r"/service/[^/]+/operation/(\w+)", address.path):
        return Call(name, cbor.group(1), "")
    form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    if "Action" in form and "Version" in form:
        return Call(name, form.pop("Action"), _resource(form))
    settings = "&".join(sorted(key for key, value in parse_qsl(address.query, True) if not value))
    action = f"{request.method} {_steady(address.path)}" + (f"?{settings}" if settings else "")
    return Call(name, action, _resource(_flat(_json(request.body))))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return {}


def _flat(value: Any) -> dict[str, str]:
    items: Iterator[tuple[str, Any]] = iter(value.items() if isinstance(value, dict) else ())
    return {key: str(each) for key, each in items if isinstance(each, str | int)}


def _resource(parameters: Mapping[str, str]) -> str:
    shown = [name for name in _NAMES if parameters.get(name)]
    if len(shown) > 1:  # a description counts as a name only without another one
        shown = [name for name in shown if name not in ("description", "Description")]
    return " ".join(_steady(parameters[name]) for name in shown)[:120]


def _steady(text: str) -> str:
    for random in _RANDOM:
        text = random.sub("", text)
    return text
