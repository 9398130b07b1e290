"""Limits that the CloudFormation registry schemas lack, each with its source.

Pages are below docs.aws.amazon.com; ``internal/…`` is a file of the official provider's Terraform source.
"""

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.providers.aws.limits.constraints import Held
from sandbox.standin.properties import below
from sandbox.standin.values import UNKNOWN, Properties


@dataclass(frozen=True)
class Rule:
    """A limit of one property.

    - ``types``: the resource types that it applies to.
    - ``property``: the name of the property.
    - ``keeps``: the check of a value.
    - ``allowed``: the description of the allowed values.
    - ``source``: the page or file that documents it.
    - ``measure``: the part or size of a long value to show in messages. Default: the value.
    """

    types: Sequence[str]
    property: str
    keeps: Callable[[Any], bool]
    allowed: str
    source: str
    measure: Callable[[Any], Any] | None = None

    def hold(self, inputs: Properties) -> Iterator[Held]:
        """The limit applied to the property, if it is given and known."""
        value = inputs.get(self.property)
        if value is None or value is UNKNOWN:
            return
        found = self.measure(value) if self.measure else value
        yield Held(self.property, found, self.allowed, self.source, self.keeps(value))


def _matches(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern, re.DOTALL)
    return lambda value: bool(compiled.fullmatch(str(value)))


def _without_white_space(document: str) -> int:
    return len(re.sub(r"\s", "", document))


def _policy_of(most: int, *, white_space: bool = False) -> Callable[[str], bool]:
    measure = len if white_space else _without_white_space
    return lambda document: measure(document) <= most


def _characters(document: str) -> str:
    return f"{_without_white_space(document):,} characters"


def _all_characters(document: str) -> str:
    return f"{len(document):,} characters"


def _decoded(user_data: str) -> int:
    try:
        return len(base64.b64decode(user_data, validate=True))
    except ValueError:
        return len(user_data.encode())


def _statement_ids(document: str) -> list[str]:
    statements = json.loads(document).get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    return [each["Sid"] for each in statements if "Sid" in each]


def _own_parameter(name: str) -> bool:
    first = name.lstrip("/").lower()
    return not first.startswith(("aws", "ssm")) and bool(re.fullmatch(r"[\w.\-/]+", name, re.ASCII))


def _cidr_of(smallest: int, largest: int) -> Callable[[Any], bool]:
    return lambda value: largest <= ipaddress.IPv4Network(value, strict=False).prefixlen <= smallest


_GROUP = ("aws:ec2/securityGroup:SecurityGroup",)
_GROUP_RULES = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)
_ROLE, _ROLE_POLICY, _POLICY, _PROFILE = (
    ("aws:iam/role:Role",),
    ("aws:iam/rolePolicy:RolePolicy",),
    ("aws:iam/policy:Policy",),
    ("aws:iam/instanceProfile:InstanceProfile",),
)
_PARAMETER = ("aws:ssm/parameter:Parameter",)
_TEMPLATE = ("aws:ec2/launchTemplate:LaunchTemplate",)
_BUCKET = ("aws:s3/bucket:Bucket",)
_ALARM = ("aws:cloudwatch/metricAlarm:MetricAlarm",)
_SECRET = ("aws:secretsmanager/secret:Secret",)
_OF_VPC = r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]"
_OF_VPC_WORDS = "a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*"
_QUOTAS = "IAM/latest/UserGuide/reference_iam-quotas.html"
_SID = "IAM/latest/UserGuide/reference_policies_elements_sid.html"
_RESERVED_BUCKETS = (
    r"(?!xn--|sthree-|amzn-s3-demo-).*(?<!-s3alias)(?<!--ol-s3)(?<!\.mrap)(?<!--x-s3)(?<!--table-s3)"
)

RULES: Sequence[Rule] = (
    Rule(
        _GROUP,
        "name",
        _matches(rf"(?!sg-){_OF_VPC}{{1,255}}"),
        f"up to 255 of {_OF_VPC_WORDS}, not beginning with sg-",
        "AWSEC2/latest/APIReference/API_CreateSecurityGroup.html; internal/service/ec2/vpc_security_group.go",
    ),
    Rule(
        _GROUP_RULES,
        "description",
        _matches(rf"{_OF_VPC}{{0,255}}"),
        f"up to 255 of {_OF_VPC_WORDS}",
        "AWSEC2/latest/APIReference/API_IpRange.html",
    ),
    Rule(
        _POLICY,
        "name",
        _matches(r"[\w+=,.@-]{1,128}"),
        "up to 128 of a-z, A-Z, 0-9 and _+=,.@-",
        _QUOTAS,
    ),
    *(
        Rule(
            types,
            "path",
            _matches(r"/|/[!-~]{1,510}/"),
            "up to 512 of the printable ASCII characters, with / first and last",
            "IAM/latest/APIReference/API_CreateRole.html",
        )
        for types in (_ROLE, _PROFILE)
    ),
    *(
        Rule(
            types,
            name,
            lambda document: all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in _statement_ids(document)),
            "statements whose Sid is of a-z, A-Z and 0-9",
            _SID,
            _statement_ids,
        )
        for types, name in ((_ROLE, "assumeRolePolicy"), (_ROLE_POLICY, "policy"), (_POLICY, "policy"))
    ),
    *(
        Rule(
            types,
            name,
            lambda document: len(set(_statement_ids(document))) == len(_statement_ids(document)),
            "statements whose Sid no other has",
            _SID,
            _statement_ids,
        )
        for types, name in ((_ROLE, "assumeRolePolicy"), (_ROLE_POLICY, "policy"), (_POLICY, "policy"))
    ),
    Rule(
        _ROLE,
        "assumeRolePolicy",
        _policy_of(2048),
        "2,048 characters without white space",
        _QUOTAS,
        _characters,
    ),
    Rule(
        _ROLE_POLICY,
        "policy",
        _policy_of(10_240),
        "10,240 characters without white space",
        _QUOTAS,
        _characters,
    ),
    Rule(_POLICY, "policy", _policy_of(6144), "6,144 characters without white space", _QUOTAS, _characters),
    Rule(
        ("aws:ecr/repositoryPolicy:RepositoryPolicy",),
        "policy",
        _policy_of(10_240, white_space=True),
        "10,240 characters",
        "AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html",
        _all_characters,
    ),
    Rule(
        ("aws:s3/bucketPolicy:BucketPolicy",),
        "policy",
        _policy_of(20_480, white_space=True),
        "20 KB",
        "AmazonS3/latest/userguide/bucket-policies.html",
        _all_characters,
    ),
    Rule(
        ("aws:kms/key:Key",),
        "policy",
        _policy_of(32_768, white_space=True),
        "32 KB",
        "kms/latest/developerguide/resource-limits.html",
        _all_characters,
    ),
    Rule(
        ("aws:kms/alias:Alias",),
        "name",
        _matches(r"alias/(?!aws/).+"),
        "alias/ and a name that does not begin with aws/",
        "kms/latest/APIReference/API_CreateAlias.html",
    ),
    Rule(
        _PARAMETER,
        "name",
        _own_parameter,
        "a-z, A-Z, 0-9 and _.-/, not beginning with aws or ssm in any case",
        "systems-manager/latest/APIReference/API_PutParameter.html",
    ),
    Rule(
        _PARAMETER,
        "name",
        lambda name: len(name) <= 1011 - len("arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter"),
        "1,011 characters together with what comes before it in the ARN",
        "systems-manager/latest/APIReference/API_PutParameter.html",
    ),
    Rule(
        _PARAMETER,
        "name",
        lambda name: name.strip("/").count("/") < 15,
        "15 levels",
        "systems-manager/latest/APIReference/API_PutParameter.html",
    ),
    *(
        Rule(
            _PARAMETER,
            name,
            lambda value: len(str(value).encode()) <= 4096,
            "4 KB, in the standard tier",
            "systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
            lambda value: f"{len(str(value).encode()):,} bytes",
        )
        for name in ("value", "valueWo")
    ),
    Rule(
        _TEMPLATE,
        "name",
        _matches(r"[a-zA-Z0-9().\-/_]{3,128}"),
        "3 to 128 of a-z, A-Z, 0-9 and ().-/_",
        "AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html",
    ),
    Rule(
        _TEMPLATE,
        "userData",
        lambda data: _decoded(data) <= 16_384,
        "16 KB before it is encoded",
        "AWSEC2/latest/UserGuide/user-data.html",
        lambda data: f"{_decoded(data):,} bytes",
    ),
    Rule(
        ("aws:lambda/function:Function",),
        "name",
        _matches(r"[a-zA-Z0-9_-]{1,64}"),
        "up to 64 of a-z, A-Z, 0-9, _ and -",
        "lambda/latest/api/API_CreateFunction.html",
    ),
    Rule(
        ("aws:sns/topic:Topic",),
        "name",
        _matches(r"[a-zA-Z0-9_-]{1,256}(?<!\.fifo)"),
        "up to 256 of a-z, A-Z, 0-9, _ and -",
        "sns/latest/api/API_CreateTopic.html",
    ),
    Rule(
        ("aws:cloudwatch/logGroup:LogGroup",),
        "name",
        _matches(r"(?!aws/)[.\-_/#A-Za-z0-9]{1,512}"),
        "up to 512 of a-z, A-Z, 0-9 and .-_/#, not beginning with aws/",
        "AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
    ),
    Rule(
        _ALARM,
        "name",
        _matches(r"[^\x00-\x1f\x7f]{1,255}"),
        "up to 255 characters, none of control",
        "AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    ),
    Rule(
        _BUCKET,
        "bucket",
        _matches(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
        "3 to 63 of a-z, 0-9, . and -, with a letter or number first and last",
        "AmazonS3/latest/userguide/bucketnamingrules.html",
    ),
    Rule(
        _BUCKET,
        "bucket",
        _matches(_RESERVED_BUCKETS),
        "a name without the prefixes and suffixes that S3 keeps, such as xn-- and -s3alias",
        "AmazonS3/latest/userguide/bucketnamingrules.html",
    ),
    Rule(
        ("aws:s3/bucketObjectv2:BucketObjectv2",),
        "key",
        lambda key: 1 <= len(key.encode()) <= 1024,
        "1,024 bytes",
        "AmazonS3/latest/userguide/object-keys.html",
    ),
    Rule(
        _SECRET,
        "name",
        _matches(r"[A-Za-z0-9/_+=.@-]{1,512}"),
        "up to 512 of a-z, A-Z, 0-9 and /_+=.@-",
        "secretsmanager/latest/apireference/API_CreateSecret.html",
    ),
    Rule(
        ("aws:iam/openIdConnectProvider:OpenIdConnectProvider",),
        "url",
        _matches(r"https://[^?#]{1,247}"),
        "an address with https://, of 255 characters, without a query",
        "IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html",
    ),
    *(
        Rule(
            types,
            "cidrBlock",
            _cidr_of(28, 16),
            "a block between /16 and /28",
            "vpc/latest/userguide/vpc-cidr-blocks.html",
        )
        for types in (("aws:ec2/vpc:Vpc",), ("aws:ec2/subnet:Subnet",))
    ),
)
"""The limits of single properties."""

_TAGS = "tag-editor/latest/userguide/best-practices-and-strats.html"
_TAG_SETS: Mapping[str, int] = {"aws:s3/bucketObjectv2:BucketObjectv2": 10}
"""The maximum number of tags, if not 50: AmazonS3/latest/userguide/object-tagging.html."""
_TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]*")


def rules_held(token: str, inputs: Properties) -> Iterator[Held]:
    """Every limit of this table that applies to a resource."""
    for rule in RULES:
        if token in rule.types:
            yield from rule.hold(inputs)
    tags = inputs.get("tagsAll", inputs.get("tags"))
    if isinstance(tags, Mapping):
        yield from tags_held(tags, "tags", _TAG_SETS.get(token, 50))
    for index, each in enumerate(inputs.get("tagSpecifications") or ()):
        yield from tags_held(each.get("tags") or {}, f"tagSpecifications[{index}].tags")


def tags_held(tags: Mapping[str, Any], path: str, most: int = 50) -> Iterator[Held]:
    """The limits of tags that all services share, applied to tags."""
    yield Held(path, f"{len(tags)} tags", f"{most} tags", _TAGS, len(tags) <= most)
    for key, value in tags.items():
        at = below(path, key)
        own = 1 <= len(key) <= 128 and not key.lower().startswith("aws:") and bool(_TAG_TEXT.fullmatch(key))
        words = "letters, digits, spaces and _.:/=+-@"
        yield Held(at, key, f"a key of up to 128 {words}, not beginning with aws:", _TAGS, own)
        if value is not UNKNOWN:
            text = str(value)
            kept = len(text) <= 256 and bool(_TAG_TEXT.fullmatch(text))
            yield Held(at, text, f"up to 256 {words}", _TAGS, kept)
