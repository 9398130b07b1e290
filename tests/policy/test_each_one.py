"""Each of the types, keys and values that a rule treats alike."""

import base64
import gzip
import json
from typing import Any

import pytest
from pulumi_policy.proxy import unknown_checking_proxy

from policy.rules.credentials import NO_CREDS_STORE, RUNNER_TOKENS_ENCRYPTED, USER_DATA_WITHOUT_TOKEN
from policy.rules.hosts import DISKS_ENCRYPTED, METADATA_OUT_OF_REACH
from policy.rules.jobs import NO_ENGINE_SOCKET, NO_PRIVILEGED_RUNNER
from policy.rules.network import NO_OPEN_INGRESS
from policy.rules.permissions import NO_ADMINISTRATOR, PRINCIPALS_NAMED, RESOURCES_NAMED
from policy.rules.repositories import IMMUTABLE_TAGS, SCAN_ON_PUSH
from policy.rules.rule import Resource, Rule

HOSTS = [
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/launchConfiguration:LaunchConfiguration",
    "aws:ec2/instance:Instance",
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
]
OBJECTS = ["aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject"]
PARAMETER = "aws:ssm/parameter:Parameter"
CONTAINER = "docker:index/container:Container"
VARIABLES = [
    "gitlab:index/groupVariable:GroupVariable",
    "gitlab:index/projectVariable:ProjectVariable",
    "gitlab:index/instanceVariable:InstanceVariable",
]
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ROLE = "aws:iam/role:Role"
PERMISSION = "aws:lambda/permission:Permission"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"

EVERYONE = json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}})
CREDS_STORE = '{"credsStore": "ecr-login"}'
PRIVILEGED = "privileged = true"
SOCKET = 'volumes = ["/var/run/docker.sock:/var/run/docker.sock"]'
DISKS = {"blockDeviceMappings": [{"ebs": {}}], "rootBlockDevice": {}}

REFUSED: list[tuple[Rule, list[str], dict[str, Any]]] = [
    (IMMUTABLE_TAGS, ["aws:ecr/repository:Repository"], {}),
    (SCAN_ON_PUSH, ["aws:ecr/repository:Repository"], {}),
    (METADATA_OUT_OF_REACH, HOSTS, {"metadataOptions": {"httpTokens": "required"}}),
    (DISKS_ENCRYPTED, [*HOSTS, "aws:ebs/volume:Volume"], DISKS),
    (NO_OPEN_INGRESS, [GROUP], {"ingress": {"cidrBlocks": "0.0.0.0/0"}}),
    (NO_OPEN_INGRESS, [INGRESS_RULE], {"cidrIpv4": "0.0.0.0/0"}),
    (
        NO_OPEN_INGRESS,
        ["aws:ec2/securityGroupRule:SecurityGroupRule"],
        {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"]},
    ),
    (
        RESOURCES_NAMED,
        [
            "aws:iam/policy:Policy",
            "aws:iam/rolePolicy:RolePolicy",
            "aws:iam/userPolicy:UserPolicy",
            "aws:iam/groupPolicy:GroupPolicy",
        ],
        {"policy": EVERYONE},
    ),
    (RESOURCES_NAMED, [ROLE], {"inlinePolicies": [{"policy": EVERYONE}]}),
    (
        NO_ADMINISTRATOR,
        [
            "aws:iam/policyAttachment:PolicyAttachment",
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "aws:iam/userPolicyAttachment:UserPolicyAttachment",
            "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        ],
        {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    (
        NO_ADMINISTRATOR,
        [
            "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
            "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
            "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive",
        ],
        {"policyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
    ),
    (NO_ADMINISTRATOR, [ROLE], {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}),
    (PRINCIPALS_NAMED, [ROLE], {"assumeRolePolicy": EVERYONE}),
    (
        PRINCIPALS_NAMED,
        [
            "aws:ecr/registryPolicy:RegistryPolicy",
            "aws:ecr/repositoryPolicy:RepositoryPolicy",
            "aws:kms/key:Key",
            "aws:kms/keyPolicy:KeyPolicy",
            BUCKET_POLICY,
            "aws:secretsmanager/secret:Secret",
            "aws:secretsmanager/secretPolicy:SecretPolicy",
            "aws:sns/topic:Topic",
            "aws:sns/topicPolicy:TopicPolicy",
            "aws:sqs/queue:Queue",
            "aws:sqs/queuePolicy:QueuePolicy",
        ],
        {"policy": EVERYONE},
    ),
    (
        PRINCIPALS_NAMED,
        ["aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"],
        {"repositoryPolicy": EVERYONE},
    ),
    (PRINCIPALS_NAMED, [PERMISSION], {"principal": "*"}),
    (RUNNER_TOKENS_ENCRYPTED, [PARAMETER], {"type": "String", "value": "glrt-abcdefgh"}),
    (RUNNER_TOKENS_ENCRYPTED, [PARAMETER], {"type": "String", "insecureValue": "glrt-abcdefgh"}),
    (
        RUNNER_TOKENS_ENCRYPTED,
        [PARAMETER],
        {
            "type": "SecureString",
            "keyId": "arn:aws:kms:eu-west-1:123456789012:alias/aws/ssm",
            "value": "glrt-abcdefgh",
        },
    ),
    (NO_CREDS_STORE, [*OBJECTS, *VARIABLES, PARAMETER, CONTAINER], {"value": CREDS_STORE}),
    (USER_DATA_WITHOUT_TOKEN, HOSTS, {"userData": "glrt-abcdefgh"}),
    (USER_DATA_WITHOUT_TOKEN, HOSTS, {"userDataBase64": "glrt-abcdefgh"}),
    (NO_PRIVILEGED_RUNNER, [*OBJECTS, PARAMETER], {"content": PRIVILEGED}),
    (NO_PRIVILEGED_RUNNER, [CONTAINER], {"uploads": [{"content": PRIVILEGED}]}),
    (NO_PRIVILEGED_RUNNER, HOSTS, {"userData": PRIVILEGED}),
    (NO_ENGINE_SOCKET, [*OBJECTS, PARAMETER], {"content": SOCKET}),
    (NO_ENGINE_SOCKET, [CONTAINER], {"uploads": [{"content": SOCKET}]}),
    (NO_ENGINE_SOCKET, HOSTS, {"userData": SOCKET}),
]


def problems(rule: Rule, kind: str, inputs: dict[str, Any]) -> list[str]:
    """The problems that a rule reports of a resource; none of a type that it does not check."""
    if not rule.applies_to(kind, "name", "urn", {}):
        return []
    return list(rule.problems(Resource(kind, unknown_checking_proxy(inputs), rule.configured({}))))


@pytest.mark.parametrize(
    ("rule", "kind", "inputs"), [(rule, kind, inputs) for rule, kinds, inputs in REFUSED for kind in kinds]
)
def test_each_type_is_checked(rule: Rule, kind: str, inputs: dict[str, Any]) -> None:
    assert len(problems(rule, kind, inputs)) == 1


@pytest.mark.parametrize("source", ["0.0.0.0/0", "::/0"])
@pytest.mark.parametrize("key", ["cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"])
def test_each_source_of_an_ingress_rule_is_checked(key: str, source: str) -> None:
    assert f"It allows ingress from {source}" in problems(NO_OPEN_INGRESS, INGRESS_RULE, {key: source})[0]


def test_a_source_is_reported_once_for_a_group() -> None:
    rules = [{"cidrBlocks": ["0.0.0.0/0"]}, {"cidrBlocks": ["0.0.0.0/0"], "ipv6CidrBlocks": ["::/0"]}]
    assert len(problems(NO_OPEN_INGRESS, GROUP, {"ingress": rules})) == 2


@pytest.mark.parametrize(
    "name", ["AdministratorAccess", "AdministratorAccess-Amplify", "IAMFullAccess", "PowerUserAccess"]
)
def test_each_administrator_policy_is_refused(name: str) -> None:
    inputs = {"managedPolicyArns": [f"arn:aws:iam::aws:policy/{name}"]}
    assert name in problems(NO_ADMINISTRATOR, ROLE, inputs)[0]


@pytest.mark.parametrize(
    "action", ["ecr:GetAuthorizationToken", "ecr-public:GetAuthorizationToken", "sts:GetCallerIdentity"]
)
def test_each_action_without_a_resource_is_allowed_on_everything(action: str) -> None:
    document = {"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}
    assert problems(RESOURCES_NAMED, "aws:iam/policy:Policy", {"policy": document}) == []


def test_a_statement_is_named_by_its_number() -> None:
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/key"},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"},
    ]
    inputs = {"policy": {"Statement": statements}}
    (on_everything,) = problems(RESOURCES_NAMED, "aws:iam/policy:Policy", inputs)
    (for_everyone,) = problems(PRINCIPALS_NAMED, BUCKET_POLICY, inputs)
    assert "statement number 2" in on_everything
    assert "statement number 2" in for_everyone


def open_policy_under(operator: str, key: str, value: Any) -> dict[str, Any]:
    """The policy of a bucket that allows everyone under a condition."""
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return {"policy": {"Statement": allowed | {"Condition": {operator: {key: value}}}}}


@pytest.mark.parametrize(
    "key",
    [
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceIp",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "aws:SourceOwner",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:userid",
        "aws:VpcSourceIp",
        "aws:VpceAccount",
        "aws:VpceOrgID",
        "aws:VpceOrgPaths",
        "kms:CallerAccount",
        "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn",
    ],
)
def test_each_condition_key_of_the_caller_narrows_a_policy(key: str) -> None:
    assert (
        problems(PRINCIPALS_NAMED, BUCKET_POLICY, open_policy_under("StringEquals", key, "123456789012"))
        == []
    )


@pytest.mark.parametrize(
    ("operator", "narrows"),
    [
        ("StringEquals", True),
        ("StringEqualsIgnoreCase", True),
        ("StringLike", True),
        ("ArnEquals", True),
        ("ArnLike", True),
        ("IpAddress", True),
        ("ForAnyValue:StringEquals", True),
        ("ForAllValues:StringEquals", False),  # true where the key is missing
        ("StringNotLike", False),
        ("ArnNotEquals", False),
        ("NotIpAddress", False),
    ],
)
def test_a_condition_narrows_by_its_operator(operator: str, narrows: bool) -> None:
    found = problems(PRINCIPALS_NAMED, BUCKET_POLICY, open_policy_under(operator, "aws:SourceAccount", "1"))
    assert len(found) == (not narrows)


@pytest.mark.parametrize(
    ("key", "value", "narrows"),
    [
        ("aws:SourceIp", "0.0.0.0/0", False),
        ("aws:SourceIp", "::/0", False),
        ("aws:SourceIp", "192.0.2.0/24", True),
        ("aws:SourceIp", ["192.0.2.0/24", "0.0.0.0/0"], False),
        ("aws:SourceAccount", "*", False),
        ("aws:SourceArn", "arn:aws:s3:::bucket", True),  # an ARN of a bucket names no account
        ("aws:SourceArn", "arn:aws:sns:eu-west-1:*:topic", False),
        ("aws:SourceArn", "arn:aws:sns:*:123456789012:*", True),
    ],
)
def test_a_condition_narrows_by_its_values(key: str, value: Any, narrows: bool) -> None:
    found = problems(PRINCIPALS_NAMED, BUCKET_POLICY, open_policy_under("StringLike", key, value))
    assert len(found) == (not narrows)


@pytest.mark.parametrize("key", ["sourceArn", "sourceAccount", "principalOrgId"])
def test_each_input_that_narrows_the_callers_of_a_function(key: str) -> None:
    assert problems(PRINCIPALS_NAMED, PERMISSION, {"principal": "*", key: "value"}) == []


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ("*", False),
        ("arn:aws:ecr:*:*:*", False),
        ("arn:aws:ecr:*:*", False),
        ("arn:aws:ecr:eu-west-1:123456789012:*", False),
        ("arn:aws:ecr:eu-west-1:123456789012:repository/*", True),
        ("arn:aws:logs:eu-west-1:123456789012:log-group:name:*", True),
    ],
)
def test_which_arns_name_a_resource(resource: str, named: bool) -> None:
    document = {"Statement": {"Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": resource}}
    found = problems(RESOURCES_NAMED, "aws:iam/policy:Policy", {"policy": document})
    assert len(found) == (not named)


@pytest.mark.parametrize(("before", "found"), [(2**20 - 5, 1), (2**20 - 4, 0)])
def test_the_first_mebibyte_of_compressed_user_data_is_checked(before: int, found: int) -> None:
    text = bytes(before).replace(b"\0", b"x") + b"glrt-"
    compressed = base64.b64encode(gzip.compress(text, 1)).decode()
    assert len(problems(USER_DATA_WITHOUT_TOKEN, HOSTS[0], {"userData": compressed})) == found


@pytest.mark.parametrize("name", ["docker", "containerd", "podman", "crio"])
def test_each_engines_socket_is_known(name: str) -> None:
    inputs = {"content": f'volumes = ["/run/{name}.sock"]'}
    assert len(problems(NO_ENGINE_SOCKET, OBJECTS[0], inputs)) == 1
