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
    """A limit of a property.

    - ``places``: the properties that it applies to, each as ``TOKEN.PROPERTY``.
    - ``keeps``: the check of a value.
    - ``allowed``: the description of the allowed values.
    - ``source``: the page or file that documents it.
    - ``measure``: the part or size of a long value to show in messages. Default: the value.
    """

    places: Sequence[str]
    keeps: Callable[[Any], bool]
    allowed: str
    source: str
    measure: Callable[[Any], Any] | None = None

    def hold(self, token: str, inputs: Properties) -> Iterator[Held]:
        """The limit applied to the properties of a resource that are given and known."""
        for place in self.places:
            kind, _, name = place.partition(".")
            value = inputs.get(name)
            if kind == token and value is not None and value is not UNKNOWN:
                found = self.measure(value) if self.measure else value
                yield Held(name, found, self.allowed, self.source, self.keeps(value))


def _matching(places: Sequence[str], pattern: str, allowed: str, source: str) -> Rule:
    """A pattern for the whole value."""
    compiled = re.compile(pattern, re.DOTALL)
    return Rule(places, lambda value: bool(compiled.fullmatch(str(value))), allowed, source)


def _at_most(
    places: Sequence[str], most: int, unit: str, size: Callable[[str], int], allowed: str, source: str
) -> Rule:
    """A maximum size, of which messages show the size of the value."""
    return Rule(
        places, lambda value: size(value) <= most, allowed, source, lambda value: f"{size(value):,} {unit}"
    )


def _without_white_space(document: str) -> int:
    return len(re.sub(r"\s", "", document))


def _bytes(text: str) -> int:
    return len(text.encode())


def _decoded(user_data: str) -> int:
    try:
        return len(base64.b64decode(user_data, validate=True))
    except ValueError:
        return _bytes(user_data)


def _statement_ids(document: str) -> list[str]:
    statements = json.loads(document).get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    return [each["Sid"] for each in statements if "Sid" in each]


def _own_parameter(name: str) -> bool:
    first = name.lstrip("/").lower()
    return not first.startswith(("aws", "ssm")) and bool(re.fullmatch(r"[\w.\-/]+", name, re.ASCII))


_ROLE, _ROLE_POLICY, _POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"
_POLICIES = (f"{_ROLE}.assumeRolePolicy", f"{_ROLE_POLICY}.policy", f"{_POLICY}.policy")
_PARAMETER = "aws:ssm/parameter:Parameter"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_BUCKET = ["aws:s3/bucket:Bucket.bucket"]
_OF_VPC = r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]"
_OF_VPC_WORDS = "a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*"
_QUOTAS = "IAM/latest/UserGuide/reference_iam-quotas.html"
_SID = "IAM/latest/UserGuide/reference_policies_elements_sid.html"
_PUT_PARAMETER = "systems-manager/latest/APIReference/API_PutParameter.html"
_BUCKET_NAMES = "AmazonS3/latest/userguide/bucketnamingrules.html"
_RESERVED_BUCKETS = (
    r"(?!xn--|sthree-|amzn-s3-demo-).*(?<!-s3alias)(?<!--ol-s3)(?<!\.mrap)(?<!--x-s3)(?<!--table-s3)"
)

RULES: Sequence[Rule] = (
    _matching(
        ["aws:ec2/securityGroup:SecurityGroup.name"],
        rf"(?!sg-){_OF_VPC}{{1,255}}",
        f"up to 255 of {_OF_VPC_WORDS}, not beginning with sg-",
        "AWSEC2/latest/APIReference/API_CreateSecurityGroup.html; internal/service/ec2/vpc_security_group.go",
    ),
    _matching(
        [
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule.description",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule.description",
        ],
        rf"{_OF_VPC}{{0,255}}",
        f"up to 255 of {_OF_VPC_WORDS}",
        "AWSEC2/latest/APIReference/API_IpRange.html",
    ),
    _matching([f"{_POLICY}.name"], r"[\w+=,.@-]{1,128}", "up to 128 of a-z, A-Z, 0-9 and _+=,.@-", _QUOTAS),
    _matching(
        [f"{_ROLE}.path", "aws:iam/instanceProfile:InstanceProfile.path"],
        r"/|/[!-~]{1,510}/",
        "up to 512 of the printable ASCII characters, with / first and last",
        "IAM/latest/APIReference/API_CreateRole.html",
    ),
    Rule(
        _POLICIES,
        lambda document: all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in _statement_ids(document)),
        "statements whose Sid is of a-z, A-Z and 0-9",
        _SID,
        _statement_ids,
    ),
    Rule(
        _POLICIES,
        lambda document: len(set(_statement_ids(document))) == len(_statement_ids(document)),
        "statements whose Sid no other has",
        _SID,
        _statement_ids,
    ),
    *(
        _at_most(
            [place],
            most,
            "characters",
            _without_white_space,
            f"{most:,} characters without white space",
            _QUOTAS,
        )
        for place, most in zip(_POLICIES, (2048, 10_240, 6144), strict=True)
    ),
    *(
        _at_most([f"{token}.policy"], most, "characters", len, allowed, source)
        for token, most, allowed, source in (
            (
                "aws:ecr/repositoryPolicy:RepositoryPolicy",
                10_240,
                "10,240 characters",
                "AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html",
            ),
            (
                "aws:ecr/registryPolicy:RegistryPolicy",
                10_240,
                "10,240 characters",
                "AmazonECR/latest/APIReference/API_PutRegistryPolicy.html",
            ),
            (
                "aws:s3/bucketPolicy:BucketPolicy",
                20_480,
                "20 KB",
                "AmazonS3/latest/userguide/bucket-policies.html",
            ),
            ("aws:kms/key:Key", 32_768, "32 KB", "kms/latest/developerguide/resource-limits.html"),
        )
    ),
    _matching(
        ["aws:kms/alias:Alias.name"],
        r"alias/(?!aws/).+",
        "alias/ and a name that does not begin with aws/",
        "kms/latest/APIReference/API_CreateAlias.html",
    ),
    Rule(
        [f"{_PARAMETER}.name"],
        _own_parameter,
        "a-z, A-Z, 0-9 and _.-/, not beginning with aws or ssm in any case",
        _PUT_PARAMETER,
    ),
    Rule(
        [f"{_PARAMETER}.name"],
        lambda name: len(name) <= 1011 - len("arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter"),
        "1,011 characters together with what comes before it in the ARN",
        _PUT_PARAMETER,
    ),
    Rule([f"{_PARAMETER}.name"], lambda name: name.strip("/").count("/") < 15, "15 levels", _PUT_PARAMETER),
    _at_most(
        [f"{_PARAMETER}.value", f"{_PARAMETER}.valueWo"],
        4096,
        "bytes",
        _bytes,
        "4 KB, in the standard tier",
        "systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
    ),
    _matching(
        [f"{_TEMPLATE}.name"],
        r"[a-zA-Z0-9().\-/_]{3,128}",
        "3 to 128 of a-z, A-Z, 0-9 and ().-/_",
        "AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html",
    ),
    _at_most(
        [f"{_TEMPLATE}.userData"],
        16_384,
        "bytes",
        _decoded,
        "16 KB before it is encoded",
        "AWSEC2/latest/UserGuide/user-data.html",
    ),
    _matching(
        ["aws:lambda/function:Function.name"],
        r"[a-zA-Z0-9_-]{1,64}",
        "up to 64 of a-z, A-Z, 0-9, _ and -",
        "lambda/latest/api/API_CreateFunction.html",
    ),
    _matching(
        ["aws:sns/topic:Topic.name"],
        r"[a-zA-Z0-9_-]{1,256}(?<!\.fifo)",
        "up to 256 of a-z, A-Z, 0-9, _ and -",
        "sns/latest/api/API_CreateTopic.html",
    ),
    _matching(
        ["aws:cloudwatch/logGroup:LogGroup.name"],
        r"(?!aws/)[.\-_/#A-Za-z0-9]{1,512}",
        "up to 512 of a-z, A-Z, 0-9 and .-_/#, not beginning with aws/",
        "AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
    ),
    _matching(
        ["aws:cloudwatch/metricAlarm:MetricAlarm.name"],
        r"[^\x00-\x1f\x7f]{1,255}",
        "up to 255 characters, none of control",
        "AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    ),
    _matching(
        _BUCKET,
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "3 to 63 of a-z, 0-9, . and -, with a letter or number first and last",
        _BUCKET_NAMES,
    ),
    _matching(
        _BUCKET,
        _RESERVED_BUCKETS,
        "a name without the prefixes and suffixes that S3 keeps, such as xn-- and -s3alias",
        _BUCKET_NAMES,
    ),
    Rule(
        ["aws:s3/bucketObjectv2:BucketObjectv2.key"],
        lambda key: 1 <= _bytes(key) <= 1024,
        "1,024 bytes",
        "AmazonS3/latest/userguide/object-keys.html",
    ),
    _matching(
        ["aws:secretsmanager/secret:Secret.name"],
        r"[A-Za-z0-9/_+=.@-]{1,512}",
        "up to 512 of a-z, A-Z, 0-9 and /_+=.@-",
        "secretsmanager/latest/apireference/API_CreateSecret.html",
    ),
    _matching(
        ["aws:iam/openIdConnectProvider:OpenIdConnectProvider.url"],
        r"https://[^?#]{1,247}",
        "an address with https://, of 255 characters, without a query",
        "IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html",
    ),
    Rule(
        ["aws:ec2/vpc:Vpc.cidrBlock", "aws:ec2/subnet:Subnet.cidrBlock"],
        lambda block: 16 <= ipaddress.IPv4Network(block, strict=False).prefixlen <= 28,
        "a block between /16 and /28",
        "vpc/latest/userguide/vpc-cidr-blocks.html",
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
        yield from rule.hold(token, inputs)
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
