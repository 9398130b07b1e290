"""The AWS stand-in refuses what AWS would refuse; a stack registers no such resource."""

import base64
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest

from sandbox.providers.aws.limits import constraints
from sandbox.providers.aws.limits.counterparts import HERE, WITHOUT_COUNTERPART, Node, counterpart_of
from sandbox.providers.aws.limits.counterparts import in_aws as in_registry
from sandbox.providers.aws.provider import Aws
from sandbox.standin.properties import ListOf, MapOf, Object, Property, root
from sandbox.standin.values import UNKNOWN
from tests.components.everything import as_checked, declaration, in_aws
from tests.providers.aws.cases import trust

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICY = "aws:iam/policy:Policy"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
PARAMETER = "aws:ssm/parameter:Parameter"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
BUCKET = "aws:s3/bucket:Bucket"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
REGISTRY_POLICY = "aws:ecr/registryPolicy:RegistryPolicy"


NOT_REGISTERED = {
    "aws:iam/policy:Policy",
    "aws:sns/topic:Topic",
}
"""Other types that the stand-in serves: for examples, and for policies that do not fit into a role."""


def of_length(characters: int) -> str:
    """A policy document of this many characters, without white space."""

    def document(filling: str) -> str:
        resource = f"arn:aws:s3:::{filling}"
        allow = {"Sid": "A", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [resource]}
        return json.dumps({"Version": "2012-10-17", "Statement": [allow]}, indent=1)

    short = len("".join(document("").split()))
    return document("a" * (characters - short))


def sids(*names: str) -> str:
    """A policy document with these statements."""
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/key"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": each, **allow} for each in names]})


def user_data(size: int) -> str:
    return base64.b64encode(b"#" * size).decode()


BASES: dict[str, dict[str, Any]] = {
    ROLE: {"assumeRolePolicy": trust("ec2.amazonaws.com")},
    ROLE_POLICY: {"role": "demo", "policy": sids("A")},
    POLICY: {"policy": sids("A")},
    INGRESS: {
        "securityGroupId": "sg-1",
        "ipProtocol": "tcp",
        "fromPort": 1,
        "toPort": 1,
        "cidrIpv4": "10.0.0.0/8",
    },
    PARAMETER: {"name": "/demo", "type": "String", "value": "text"},
    REPOSITORY_POLICY: {"repository": "ci/base", "policy": "{}"},
    REGISTRY_POLICY: {"policy": "{}"},
    ALARM: {
        "comparisonOperator": "LessThanThreshold",
        "evaluationPeriods": 1,
        "metricName": "Healthy",
        "namespace": "Demo",
        "period": 60,
        "statistic": "Sum",
        "threshold": 1,
    },
    "aws:kms/alias:Alias": {"targetKeyId": "01234567-89ab-cdef-0123-456789abcdef"},
    "aws:sns/topic:Topic": {},
    "aws:secretsmanager/secret:Secret": {},
    "aws:cloudwatch/logGroup:LogGroup": {},
    "aws:ecr/repository:Repository": {},
    "aws:ec2/subnet:Subnet": {"vpcId": "vpc-1"},
    "aws:s3/bucketObjectv2:BucketObjectv2": {"bucket": "demo", "content": "text"},
    "aws:scheduler/schedule:Schedule": {
        "flexibleTimeWindow": {"mode": "OFF"},
        "scheduleExpression": "rate(1 hour)",
        "target": {
            "arn": "arn:aws:lambda:eu-west-1:123456789012:function:demo",
            "roleArn": "arn:aws:iam::123456789012:role/demo",
        },
    },
}
"""The inputs that each type needs in addition to the property under test."""


def refused(token: str, **inputs: Any) -> list[str]:
    """The properties for which a resource is refused."""
    aws = Aws()
    aws.configure({"region": "eu-west-1"})
    given = {name: each for name, each in {**BASES.get(token, {}), **inputs}.items() if each is not None}
    _, failures = aws.check(token, "demo", {}, given, b"seed")
    return [failure.path for failure in failures]


@pytest.mark.parametrize(
    ("token", "name", "accepted", "rejected"),
    [
        (GROUP, "name", "runner-sg-1", "sg-runner"),
        (GROUP, "name", "a" * 255, "a" * 256),
        (GROUP, "description", "Hosts (of CI): 1", "the host's"),
        (INGRESS, "description", "a-z ._-:/()#,@[]+=&;{}!$*", "the runner's metrics"),
        (INGRESS, "description", "a" * 255, "a" * 256),
        (INGRESS, "cidrIpv4", "10.0.0.0/8", "10.0.0.1/8"),
        (PARAMETER, "name", "/ci/aws/token", "/aws-ci/token"),
        (PARAMETER, "name", "/my-ssm", "/SSM/token"),
        (PARAMETER, "name", "/a" * 15, "/a" * 16),
        (PARAMETER, "value", "v" * 4096, "v" * 4097),
        (ROLE, "description", "Jobs of GitLab: ci/prod", "Jobs — of GitLab"),
        (ROLE, "name", "a" * 64, "a" * 65),
        (ROLE, "name", "ci_host+1", "ci:host"),
        (ROLE, "path", "/ci/", "/ci"),
        (ROLE, "permissionsBoundary", "arn:aws:iam::123456789012:policy/b", "short"),
        (ROLE, "assumeRolePolicy", of_length(2048), of_length(2049)),
        (ROLE_POLICY, "policy", of_length(10_240), of_length(10_241)),
        (ROLE_POLICY, "policy", sids("A1", "B"), sids("A-1")),
        (ROLE_POLICY, "policy", sids("A", "B"), sids("A", "A")),
        (POLICY, "policy", of_length(6144), of_length(6145)),
        (REPOSITORY_POLICY, "policy", json.dumps("a" * 10_238), json.dumps("a" * 10_239)),
        (REGISTRY_POLICY, "policy", json.dumps("a" * 10_238), json.dumps("a" * 10_239)),
        (TEMPLATE, "name", "abc", "ab"),
        (TEMPLATE, "userData", user_data(16_384), user_data(16_385)),
        (TEMPLATE, "metadataOptions", {"httpTokens": "required"}, {"httpTokens": "always"}),
        (BUCKET, "bucket", "ci-cache-1", "Ci-cache"),
        (BUCKET, "bucket", "ci-xn--1", "xn--ci"),
        (BUCKET, "bucket", "s3alias-ci", "ci-s3alias"),
        ("aws:kms/alias:Alias", "name", "alias/ci/aws", "alias/aws/ci"),
        ("aws:sns/topic:Topic", "name", "a" * 256, "a.b"),
        ("aws:secretsmanager/secret:Secret", "name", "ecr-pullthroughcache/hub", "a secret"),
        ("aws:cloudwatch/logGroup:LogGroup", "name", "/ci/prod#1", "a group"),
        ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 30, 31),
        (ALARM, "alarmDescription", "a" * 1024, "a" * 1025),
        (ALARM, "name", "é" * 255, "e" * 256),
        (ALARM, "treatMissingData", "breaching", "bad"),
        ("aws:ecr/repository:Repository", "name", "ci/base.1", "ci//base"),
        ("aws:ec2/subnet:Subnet", "cidrBlock", "10.0.0.0/28", "10.0.0.0/29"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", "key", "k" * 1024, "é" * 513),
        ("aws:scheduler/schedule:Schedule", "name", "ci.prod_1", "ci prod"),
        (GROUP, "tags", {"team": "é +-=._:/@"}, {"team": "a#b"}),
        (GROUP, "tags", {"k" * 128: "v" * 256}, {"k" * 129: "v"}),
        (GROUP, "tags", {"my:aws:key": ""}, {"AWS:key": ""}),
        (GROUP, "tags", {f"key{i}": "" for i in range(50)}, {f"key{i}": "" for i in range(51)}),
        (BUCKET, "tags", {"key": "v" * 256}, {"key": "v" * 257}),
    ],
    ids=lambda value: str(value)[:24],
)
def test_both_sides_of_a_limit(token: str, name: str, accepted: Any, rejected: Any) -> None:
    assert refused(token, **{name: accepted}) == []
    assert {root(path) for path in refused(token, **{name: rejected})} == {name}


def test_a_refusal_names_the_value_the_rule_and_its_source() -> None:
    _, (failure,) = Aws().check(GROUP, "demo", {}, {"name": "sg-runner"}, b"seed")
    assert failure.path == "name"
    assert failure.reason.startswith('"sg-runner" is not allowed; allowed is up to 255 of ')
    assert "not beginning with sg-" in failure.reason
    assert failure.reason.endswith("internal/service/ec2/vpc_security_group.go)")


def test_a_refusal_does_not_show_a_secret() -> None:
    canary = "canary" * 700
    _, (failure,) = Aws().check(PARAMETER, "demo", {}, {**BASES[PARAMETER], "value": canary}, b"seed")
    assert failure.path == "value"
    assert "canary" not in failure.reason
    assert "4 KB" in failure.reason


def test_a_missing_input_is_refused() -> None:
    vpc = "aws:ec2/vpc:Vpc"
    assert refused(vpc, cidrBlock="10.0.0.0/16") == []
    assert refused(vpc) != []


def test_an_unknown_value_is_not_refused() -> None:
    assert refused(GROUP, name=UNKNOWN, description=UNKNOWN, tags={"team": UNKNOWN}) == []
    assert refused(PARAMETER, name=UNKNOWN, value=UNKNOWN) == []
    assert refused(TEMPLATE, userData=UNKNOWN, metadataOptions=UNKNOWN) == []


@pytest.mark.parametrize("token", [each.token for each in Aws.resources])
def test_every_type_has_a_counterpart_or_is_listed_without_one(token: str) -> None:
    assert (counterpart_of(token) is None) == (token in WITHOUT_COUNTERPART)


def sample(part: Property) -> Any:
    """A value with every field."""
    match part:
        case Object():
            return {name: sample(field) for name, field in part.fields.items()}
        case ListOf():
            return [sample(part.item)]
        case MapOf():
            return {"name": "value"}
    return "value"


def paths(described: Mapping[str, Property], without: Collection[str], above: str = "") -> Iterator[str]:
    """The paths of properties at every depth, except those in `without`."""
    for name, part in described.items():
        if (path := above + name) not in without:
            yield path
            while isinstance(part, ListOf):
                part = part.item
            yield from paths(part.fields if isinstance(part, Object) else {}, without, f"{path}.")


def placed(node: Node) -> Iterator[str]:
    """The paths of the inputs that a node of the registry's type comes from, without indices."""
    yield re.sub(r"\[\d+\]", "", node.path)
    for each in node.value.values() if isinstance(node.value, dict) else ():
        yield from placed(each)
    for each in node.value if isinstance(node.value, list) else ():
        yield from placed(each)


@pytest.mark.parametrize("kind", Aws.resources, ids=lambda kind: kind.token.rpartition(":")[2])
def test_every_input_has_a_counterpart_or_is_listed_without_one(kind: Any) -> None:
    counterpart = counterpart_of(kind.token)
    if counterpart is None:
        return
    known: set[str] = set()
    for name, part in kind.inputs.items():
        known |= {*placed(in_registry(counterpart, kind.inputs, {name: sample(part)}))}
    # An object whose fields belong to the level above has no node of its own.
    known |= {path for path, name in counterpart.names.items() if name == HERE}
    without = counterpart.without | {"region", "tagsAll"}
    assert [path for path in paths(kind.inputs, without) if path not in known] == []


def test_a_stack_that_declares_everything_keeps_every_limit() -> None:
    aws = Aws()
    aws.configure({"region": "eu-west-1"})
    kinds = {kind.token: kind for kind in Aws.resources}
    types = set()
    for registered in in_aws(declaration()):
        inputs, failures = as_checked(aws, registered)
        assert failures == [], (registered.type, registered.name)
        if registered.type not in WITHOUT_COUNTERPART:
            assert list(constraints(kinds[registered.type], inputs)), registered.type
        types.add(registered.type)
    assert {each.token for each in Aws.resources} - types <= NOT_REGISTERED
