"""Each kind of resource that `runner-doctor leftovers` finds in AWS, by recorded answers of AWS."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.doctor.host_tree import Doctor

MARK = "gitlab-runner/prod"
TAGS = [{"Key": "gitlab-runner-stack", "Value": MARK}]
ASKED = (
    "leftovers",
    "--stack",
    "prod",
    "--project",
    "gitlab-runner",
    "--only",
    "aws",
    "--region",
    "eu-west-1",
)
PARENTS = {
    "RunnerHost": "ci-host",
    "RunnerFleet": "ci-fleet",
    "RunnerManagerRole": "ci-manager",
    "RunnerNetwork": "ci-network",
    "RunnerImage": "ci-image",
    "HostStore": "ci-store",
    "RunnerCache": "ci-cache",
    "HostedRunnerAuth": "ci-hosted",
    "EcrSettings": "ci-settings",
    "JobRole": "ci-job",
    "PipelineRoles": "ci-pipeline",
}
"""The components of a state, and the name of each."""
PREVIEW = "`pulumi preview` prints the command that imports it"
Answer = Callable[[str, str, dict[str, Any]], dict[str, Any]]


class Aws:
    """The answers of AWS: those given, otherwise empty ones.

    Attributes:
        arns: what the Resource Groups Tagging API lists, each with the tags that it has besides the mark.
        answers: by operation, or by operation and the name that was asked for.
        asked: the operations with their region and parameters.
    """

    def __init__(self) -> None:
        self.arns: dict[str, dict[str, str]] = {}
        self.answers: dict[str | tuple[str, str], Any] = {}
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def answer(self, client: Any, operation: str, asked: dict[str, Any]) -> Any:
        self.asked.append((operation, client.meta.region_name, asked))
        if operation == "GetResources":
            return self._resources(client.meta.region_name, asked)
        for key in (*((operation, name) for name in _texts(asked)), operation):
            if key in self.answers:
                found = self.answers[key]
                if isinstance(found, str):
                    raise ClientError({"Error": {"Code": found, "Message": found}}, operation)
                return found
        return _NOTHING[operation]

    def _resources(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Each on a page of its own."""
        assert asked["TagFilters"] == [{"Key": "gitlab-runner-stack", "Values": [MARK]}]
        arns = [each for each in self.arns if each.split(":")[3] in ("", region)]
        at = int(asked.get("PaginationToken") or 0)
        listed = [
            {
                "ResourceARN": arn,
                "Tags": [*TAGS, *({"Key": key, "Value": value} for key, value in self.arns[arn].items())],
            }
            for arn in arns[at : at + 1]
        ]
        following = str(at + 1) if at + 1 < len(arns) else ""
        return {"ResourceTagMappingList": listed, "PaginationToken": following}


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        return [
            text for each in (value.values() if isinstance(value, dict) else value) for text in _texts(each)
        ]
    return [value] if isinstance(value, str) else []


_NOTHING: dict[str, dict[str, Any]] = {
    "DescribeAutoScalingGroups": {"AutoScalingGroups": []},
    "DescribeParameters": {"Parameters": []},
    "ListAliases": {"Aliases": []},
    "ListBuckets": {"Buckets": []},
    "ListRoles": {"Roles": []},
    "ListPolicies": {"Policies": []},
    "ListInstanceProfiles": {"InstanceProfiles": []},
    "ListOpenIDConnectProviders": {"OpenIDConnectProviderList": []},
    "ListRoleTags": {"Tags": []},
    "ListPolicyTags": {"Tags": []},
    "GetOpenIDConnectProvider": {},
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    aws = Aws()
    monkeypatch.setattr(
        BaseClient, "_make_api_call", lambda client, operation, asked: aws.answer(client, operation, asked)
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir("/")
    return aws


@pytest.fixture
def found(doctor: Doctor, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """The leftovers of a stack with one component of each kind: each resource with its fix."""

    def ask(*options: str) -> dict[str, str]:
        components = [
            {"type": f"gitlab-runner:index:{kind}", "urn": f"urn:{kind}::{name}"}
            for kind, name in PARENTS.items()
        ]
        state = tmp_path / "state.json"
        state.write_text(json.dumps({"deployment": {"resources": components}}))
        findings = doctor.json(*ASKED, "--state", str(state), *options)["findings"]
        return {each["where"]: each["fix"] for each in findings}

    return ask


def imported(parent: str, kind: str, name: str, number: str) -> str:
    options = f"--protect=false --generate-code=false --parent parent=urn:{parent}::{PARENTS[parent]}"
    return f"import it: pulumi import {options} {kind} {name} {number}"


def arn(service: str, resource: str, region: str = "eu-west-1") -> str:
    return f"arn:aws:{service}:{region}:123456789012:{resource}"


SUFFIX = "0a1b2c3"
REGION = "--region eu-west-1"
ADOPTED = f"{PREVIEW}, and `adopt: true` adopts it"


def bucket(name: str) -> str:
    versions = "'{Objects: [Versions, DeleteMarkers][].{Key: Key, VersionId: VersionId}}'"
    listed = f"aws s3api list-object-versions --max-items 1000 --bucket {name} --query {versions}"
    return (
        f'aws s3api delete-objects --bucket {name} --delete "$({listed})"; '
        f"aws s3api delete-bucket --bucket {name}"
    )


def group(name: str) -> str:
    command = "delete-auto-scaling-group --force-delete --auto-scaling-group-name"
    return f"aws autoscaling {command} {name} {REGION}"


def builder(kind: str, option: str) -> tuple[str, str, str, str]:
    whole = arn("imagebuilder", f"{kind}/ci-image/1.0.0")
    what = f"the {kind.replace('-', ' ')} ci-image/1.0.0 of Image Builder"
    return whole, what, "", f"aws imagebuilder delete-{kind} --{option}-arn {whole} {REGION}"


def of_network(kind: str, type_: str, command: str) -> tuple[str, str, str, str]:
    number, way = f"{kind}-1", imported("RunnerNetwork", f"aws:ec2/{type_}", "ci-network-a", f"{kind}-1")
    what = f"the {kind.replace('-', ' ')} {number}"
    return arn("ec2", f"{kind}/{number}"), what, way, f"aws ec2 {command} {number} {REGION}"


SECRET = arn("secretsmanager", "secret:ci-AbCdEf")
RULE = "--group-id sg-9 --security-group-rule-ids"
KINDS = (
    (
        arn("kms", "key/0a1b"),
        "the KMS key 0a1b",
        "",
        f"aws kms schedule-key-deletion --pending-window-in-days 7 --key-id 0a1b {REGION}",
    ),
    (
        arn("ecr", "repository/ci/base"),
        "the ECR repository ci/base",
        ADOPTED,
        f"aws ecr delete-repository --repository-name ci/base {REGION}",
    ),
    *(
        (
            f"arn:aws:s3:::{PARENTS[parent]}-{SUFFIX}",
            f"the S3 bucket {PARENTS[parent]}-{SUFFIX}",
            imported(parent, "aws:s3/bucket:Bucket", PARENTS[parent], f"{PARENTS[parent]}-{SUFFIX}"),
            bucket(f"{PARENTS[parent]}-{SUFFIX}"),
        )
        for parent in ("HostStore", "RunnerCache")
    ),
    (
        arn("ssm", "parameter/gitlab-runner/prod/ci/a"),
        "the parameter /gitlab-runner/prod/ci/a",
        "the next `pulumi up` adopts it, if it is declared",
        f"aws ssm delete-parameter --name /gitlab-runner/prod/ci/a {REGION}",
    ),
    *(
        (
            arn("autoscaling", f"autoScalingGroup:0a:autoScalingGroupName/{name}-{SUFFIX}"),
            f"the Auto Scaling group {name}-{SUFFIX}, with its instances",
            imported(parent, "aws:autoscaling/group:Group", name, f"{name}-{SUFFIX}"),
            group(f"{name}-{SUFFIX}"),
        )
        for parent, name in (("RunnerHost", "ci-host"), ("RunnerFleet", "ci-fleet-workers"))
    ),
    (
        arn("logs", "log-group:/gitlab-runner/prod/a b:*"),
        "the log group /gitlab-runner/prod/a b",
        PREVIEW,
        f"aws logs delete-log-group --log-group-name '/gitlab-runner/prod/a b' {REGION}",
    ),
    *(
        (
            arn("cloudwatch", f"alarm:{name}-{SUFFIX}"),
            f"the alarm {name}-{SUFFIX}",
            imported(parent, "aws:cloudwatch/metricAlarm:MetricAlarm", name, f"{name}-{SUFFIX}"),
            f"aws cloudwatch delete-alarms --alarm-names {name}-{SUFFIX} {REGION}",
        )
        for parent, name in (("RunnerHost", "ci-host-silent"), ("HostedRunnerAuth", "ci-hosted-failed"))
    ),
    (
        arn("lambda", f"function:ci-hosted-{SUFFIX}"),
        f"the function ci-hosted-{SUFFIX}",
        imported("HostedRunnerAuth", "aws:lambda/function:Function", "ci-hosted", f"ci-hosted-{SUFFIX}"),
        f"aws lambda delete-function --function-name ci-hosted-{SUFFIX} {REGION}",
    ),
    (
        SECRET,
        "the secret ci-AbCdEf",
        "",
        f"aws secretsmanager delete-secret --recovery-window-in-days 7 --secret-id {SECRET} {REGION}",
    ),
    builder("component", "component-build-version"),
    builder("image-recipe", "image-recipe"),
    builder("infrastructure-configuration", "infrastructure-configuration"),
    (arn("sns", "topic"), arn("sns", "topic"), "", ""),
    of_network("vpc", "vpc:Vpc", "delete-vpc --vpc-id"),
    of_network("subnet", "subnet:Subnet", "delete-subnet --subnet-id"),
    of_network(
        "internet-gateway",
        "internetGateway:InternetGateway",
        "delete-internet-gateway --internet-gateway-id",
    ),
    of_network("natgateway", "natGateway:NatGateway", "delete-nat-gateway --nat-gateway-id"),
    of_network("elastic-ip", "eip:Eip", "release-address --allocation-id"),
    of_network("route-table", "routeTable:RouteTable", "delete-route-table --route-table-id"),
    of_network("vpc-endpoint", "vpcEndpoint:VpcEndpoint", "delete-vpc-endpoints --vpc-endpoint-ids"),
    of_network("vpc-flow-log", "flowLog:FlowLog", "delete-flow-logs --flow-log-ids"),
    (arn("ec2", "volume/v-1"), "the volume v-1", "", f"aws ec2 delete-volume --volume-id v-1 {REGION}"),
    (
        arn("ec2", "instance/i-1"),
        "the instance i-1",
        "",
        f"aws ec2 terminate-instances --instance-ids i-1 {REGION}",
    ),
    *(
        (
            arn("ec2", f"security-group/sg-{parent}"),
            f"the security group sg-{parent} ({PARENTS[parent]}-{SUFFIX})",
            imported(parent, "aws:ec2/securityGroup:SecurityGroup", PARENTS[parent], f"sg-{parent}"),
            f"aws ec2 delete-security-group --group-id sg-{parent} {REGION}",
        )
        for parent in ("RunnerHost", "RunnerFleet", "RunnerNetwork", "RunnerImage")
    ),
    *(
        (
            arn("ec2", f"launch-template/lt-{parent}"),
            f"the launch template {PARENTS[parent]}-{SUFFIX}",
            imported(parent, "aws:ec2/launchTemplate:LaunchTemplate", PARENTS[parent], f"lt-{parent}"),
            f"aws ec2 delete-launch-template --launch-template-id lt-{parent} {REGION}",
        )
        for parent in ("RunnerHost", "RunnerFleet")
    ),
    (
        arn("ec2", "security-group-rule/sgr-out"),
        "the egress rule sgr-out of the security group sg-9",
        PREVIEW,
        f"aws ec2 revoke-security-group-egress {RULE} sgr-out {REGION}",
    ),
    (
        arn("ec2", "security-group-rule/sgr-in"),
        "the ingress rule sgr-in of the security group sg-9",
        "",
        f"aws ec2 revoke-security-group-ingress {RULE} sgr-in {REGION}",
    ),
    (arn("ec2", "network-acl/acl-1"), arn("ec2", "network-acl/acl-1"), "", ""),
)
"""The ARN of each, its description, the component that imports it, and the command that removes it."""


def test_each_kind_of_a_region(aws: Aws, found: Callable[..., dict[str, str]]) -> None:
    aws.arns = {whole: {"Name": "ci-network-a"} for whole, *_ in KINDS}
    aws.answers = {
        "DescribeKey": {"KeyMetadata": {"KeyState": "Enabled"}},
        "DescribeSecret": {"Name": "ci"},
        "DescribeVolumes": {"Volumes": [{"State": "available"}]},
        "DescribeNatGateways": {"NatGateways": [{"State": "pending"}]},
        "DescribeVpcEndpoints": {"VpcEndpoints": [{"State": "available"}]},
        "DescribeInstances": {"Reservations": [{"Instances": [{"State": {"Name": "running"}}]}]},
    }
    for parent, name in PARENTS.items():
        called = f"{name}-{SUFFIX}"
        groups = {"SecurityGroups": [{"GroupName": called}]}
        aws.answers["DescribeSecurityGroups", f"sg-{parent}"] = groups
        templates = {"LaunchTemplates": [{"LaunchTemplateName": called}]}
        aws.answers["DescribeLaunchTemplates", f"lt-{parent}"] = templates
    for number in ("sgr-in", "sgr-out"):
        rule = {"SecurityGroupRuleId": number, "GroupId": "sg-9", "IsEgress": number == "sgr-out"}
        aws.answers["DescribeSecurityGroupRules", number] = {"SecurityGroupRules": [rule]}
    left = found()
    assert set(left) == {what for _, what, *_ in KINDS}
    for whole, what, instead, remove in KINDS:
        ways = [way for way in (instead, remove and f"delete it: {remove}") if way]
        assert left[what] == ("; or ".join(ways) or f"check {whole} and delete it manually")


@pytest.mark.parametrize(
    ("resource", "operation", "field", "answer"),
    [
        (
            "vpc-endpoint/e-1",
            "DescribeVpcEndpoints",
            "VpcEndpointIds",
            {"VpcEndpoints": [{"State": "Deleted"}]},
        ),
        (
            "natgateway/nat-1",
            "DescribeNatGateways",
            "NatGatewayIds",
            {"NatGateways": [{"State": "deleting"}]},
        ),
        ("natgateway/nat-1", "DescribeNatGateways", "NatGatewayIds", "NatGatewayNotFound"),
        (
            "instance/i-1",
            "DescribeInstances",
            "InstanceIds",
            {
                "Reservations": [
                    {"Instances": [{"State": {"Name": "shutting-down"}}, {"State": {"Name": "terminated"}}]}
                ]
            },
        ),
        ("instance/i-1", "DescribeInstances", "InstanceIds", "InvalidInstanceID.NotFound"),
        ("volume/v-1", "DescribeVolumes", "VolumeIds", {"Volumes": [{"State": "in-use"}]}),
    ],
)
def test_resources_that_are_deleted_or_belong_to_another_are_not_leftovers(
    aws: Aws, found: Callable[..., dict[str, str]], resource: str, operation: str, field: str, answer: Any
) -> None:
    aws.arns = {arn("ec2", resource): {}}
    aws.answers = {operation: answer}
    assert found() == {}
    number = resource.partition("/")[2]
    assert (operation, "eu-west-1", {field: [number]}) in aws.asked


def test_an_instance_is_removed_with_its_group_and_a_rule_with_its_security_group(
    aws: Aws, found: Callable[..., dict[str, str]]
) -> None:
    aws.arns = {
        arn("ec2", "instance/i-1"): {"aws:autoscaling:groupName": "ci-host"},
        arn("ec2", "security-group/sg-9"): {},
        arn("ec2", "security-group-rule/sgr-1"): {},
        arn("kms", "key/0a1b"): {},
        arn("secretsmanager", "secret:ci-AbCdEf"): {},
        arn("iam", "role/ci", ""): {},
    }
    rule = {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-9", "IsEgress": True}
    aws.answers = {
        "DescribeSecurityGroupRules": {"SecurityGroupRules": [rule]},
        "DescribeSecurityGroups": {"SecurityGroups": [{"GroupName": "other"}]},
        "DescribeKey": {"KeyMetadata": {"KeyState": "PendingDeletion"}},
        "DescribeSecret": {"DeletedDate": 0},
    }
    assert list(found()) == ["the security group sg-9 (other)"]


def test_a_deleted_secret_is_not_a_leftover(aws: Aws, found: Callable[..., dict[str, str]]) -> None:
    aws.arns = {SECRET: {}}
    aws.answers = {"DescribeSecret": "ResourceNotFoundException"}
    assert found() == {}


def test_a_secret_without_permission_to_read_it_is_an_error(aws: Aws, doctor: Doctor) -> None:
    aws.arns = {SECRET: {}}
    aws.answers = {"DescribeSecret": "AccessDeniedException"}
    assert doctor.run(*ASKED, "--no-state") == 2
    assert "AccessDeniedException" in doctor.errors


def test_an_error_of_aws_is_reported_with_its_message(aws: Aws, doctor: Doctor) -> None:
    aws.arns = {arn("ec2", "instance/i-1"): {}}
    aws.answers = {"DescribeInstances": "UnauthorizedOperation"}
    assert doctor.run(*ASKED, "--no-state") == 2
    assert doctor.errors == (
        f"runner-doctor: AWS does not list the resources with the mark {MARK}: An error occurred "
        "(UnauthorizedOperation) when calling the DescribeInstances operation: UnauthorizedOperation\n"
    )


def test_resources_that_are_found_by_their_names(aws: Aws, found: Callable[..., dict[str, str]]) -> None:
    parameter, other = "/gitlab-runner/prod/ci/a", "/gitlab-runner/prod/ci/b"
    aws.arns = {arn("ssm", f"parameter{other}"): {}}
    whole = arn("autoscaling", f"autoScalingGroup:0a:autoScalingGroupName/ci-host-{SUFFIX}")
    aws.answers = {
        "DescribeParameters": {
            "Parameters": [{"Name": parameter, "ARN": arn("ssm", f"parameter{parameter}")}, {"Name": other}]
        },
        "DescribeAutoScalingGroups": {"AutoScalingGroups": [{"AutoScalingGroupARN": whole}]},
        "ListAliases": {
            "Aliases": [
                {"AliasName": name, "AliasArn": arn("kms", name)}
                for name in ("alias/gitlab-runner/prod/ci", "alias/gitlab-runner/production")
            ]
        },
        "ListBuckets": {
            "Buckets": [
                {"Name": name}
                for name in (
                    *("ci-store-0a1b2c3", "ci-cache-0a1b2c3", "ci-cache-1a1b2c3", "ci-cache-2a1b2c3"),
                    *("ci-store-0a1b2c", "ci-storex0a1b2c3", "ci-host-0a1b2c3"),
                )
            ]
        },
        ("GetBucketTagging", "ci-store-0a1b2c3"): "NoSuchTagSet",
        ("GetBucketTagging", "ci-cache-0a1b2c3"): "NoSuchTagSet",
        ("GetBucketTagging", "ci-cache-1a1b2c3"): "NoSuchBucket",
        ("GetBucketTagging", "ci-cache-2a1b2c3"): {"TagSet": []},
    }
    left = found()
    assert set(left) == {
        f"the parameter {parameter}",
        f"the parameter {other}",
        f"the Auto Scaling group ci-host-{SUFFIX}, with its instances",
        "the KMS alias alias/gitlab-runner/prod/ci",
        "the S3 bucket ci-store-0a1b2c3",
        "the S3 bucket ci-cache-0a1b2c3",
    }
    assert left["the KMS alias alias/gitlab-runner/prod/ci"] == (
        f"{PREVIEW}; or delete it: aws kms delete-alias --alias-name alias/gitlab-runner/prod/ci {REGION}"
    )
    assert left[f"the parameter {parameter}"] == (
        "the next `pulumi up` adopts it, if it is declared; "
        f"or delete it: aws ssm delete-parameter --name {parameter} {REGION}"
    )
    asked = {operation: asked for operation, _, asked in aws.asked}
    assert asked["DescribeParameters"]["ParameterFilters"] == [
        {"Key": "Path", "Option": "Recursive", "Values": ["/gitlab-runner/prod"]}
    ]
    assert asked["DescribeAutoScalingGroups"]["Filters"] == [
        {"Name": "tag:gitlab-runner-stack", "Values": [MARK]}
    ]


def role(name: str, path: str = "/") -> dict[str, str]:
    return {"RoleName": name, "Path": path, "Arn": f"arn:aws:iam::123456789012:role{path}{name}"}


def test_a_role_is_deleted_after_what_belongs_to_it(aws: Aws, found: Callable[..., dict[str, str]]) -> None:
    parents = (
        *("RunnerManagerRole", "JobRole", "PipelineRoles", "HostedRunnerAuth"),
        *("EcrSettings", "RunnerImage", "RunnerNetwork"),
    )
    names = {parent: f"{PARENTS[parent]}-{SUFFIX}" for parent in parents}
    of_aws = [role("aws", path) for path in ("/aws-service-role/a/", "/aws-reserved/sso/", "/service-role/")]
    ours = [role(name, "/ci/") for name in names.values()]
    aws.answers = {
        "ListRoles": {"Roles": [role("other"), *of_aws, *ours]},
        "ListRoleTags": {"Tags": [{"Key": "a", "Value": "b"}, *TAGS]},
        ("ListRoleTags", "other"): {"Tags": [{"Key": "gitlab-runner-stack", "Value": "gitlab-runner/dev"}]},
        "ListRolePolicies": {"PolicyNames": ["a b"]},
        "ListAttachedRolePolicies": {"AttachedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/A"}]},
        "ListInstanceProfilesForRole": {"InstanceProfiles": [{"InstanceProfileName": "its"}]},
    }
    assert found() == {
        f"the IAM role {name}": (
            f"{imported(parent, 'aws:iam/role:Role', PARENTS[parent], name)}; or delete it: "
            f"aws iam delete-role-policy --role-name {name} --policy-name 'a b' && "
            f"aws iam detach-role-policy --role-name {name} --policy-arn arn:aws:iam::aws:policy/A && "
            f"aws iam remove-role-from-instance-profile --role-name {name} --instance-profile-name its && "
            f"aws iam delete-role --role-name {name}"
        )
        for parent, name in names.items()
    }


def test_the_other_kinds_of_iam(aws: Aws, found: Callable[..., dict[str, str]]) -> None:
    policy, provider = "arn:aws:iam::123456789012:policy/ci", "arn:aws:iam::123456789012:oidc-provider/a"
    profile = {"Arn": "arn:aws:iam::123456789012:instance-profile/ci", "Roles": [{"RoleName": "role"}]}
    aws.answers = {
        "ListPolicies": {
            "Policies": [
                {"PolicyName": f"ci-pipeline-1-{SUFFIX}", "Arn": policy},
                {"PolicyName": "other", "Arn": f"{policy}-other"},
            ]
        },
        ("ListPolicyTags", policy): {"Tags": TAGS},
        "ListEntitiesForPolicy": {"PolicyRoles": [{"RoleName": "role"}]},
        "ListPolicyVersions": {
            "Versions": [
                {"VersionId": "v2", "IsDefaultVersion": True},
                {"VersionId": "v1", "IsDefaultVersion": False},
            ]
        },
        "ListInstanceProfiles": {
            "InstanceProfiles": [
                {"InstanceProfileName": f"{name}-{SUFFIX}"} for name in ("ci-manager", "ci-image", "other")
            ]
        },
        **{
            ("GetInstanceProfile", f"{name}-{SUFFIX}"): {
                "InstanceProfile": {**profile, "InstanceProfileName": f"{name}-{SUFFIX}", **tags}
            }
            for name, tags in (("ci-manager", {"Tags": TAGS}), ("ci-image", {"Tags": TAGS}), ("other", {}))
        },
        "ListOpenIDConnectProviders": {
            "OpenIDConnectProviderList": [{"Arn": provider}, {"Arn": f"{provider}/other"}]
        },
        ("GetOpenIDConnectProvider", provider): {"Tags": TAGS},
    }

    def removed(name: str) -> str:
        return (
            f"aws iam remove-role-from-instance-profile --instance-profile-name {name} --role-name role && "
            f"aws iam delete-instance-profile --instance-profile-name {name}"
        )

    kind, profiles = "aws:iam/instanceProfile:InstanceProfile", ("RunnerManagerRole", "RunnerImage")
    assert found() == {
        f"the IAM policy ci-pipeline-1-{SUFFIX}": (
            f"{imported('PipelineRoles', 'aws:iam/policy:Policy', 'ci-pipeline-1', policy)}; or delete it: "
            f"aws iam detach-role-policy --role-name role --policy-arn {policy}; "
            f"aws iam delete-policy-version --policy-arn {policy} --version-id v1; "
            f"aws iam delete-policy --policy-arn {policy}"
        ),
        **{
            f"the instance profile {PARENTS[parent]}-{SUFFIX}": (
                f"{imported(parent, kind, PARENTS[parent], f'{PARENTS[parent]}-{SUFFIX}')}; or delete it: "
                f"{removed(f'{PARENTS[parent]}-{SUFFIX}')}"
            )
            for parent in profiles
        },
        f"the OpenID Connect provider {provider}": (
            f"{PREVIEW}; or delete it: "
            f"aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {provider}"
        ),
    }
    (asked,) = (asked for operation, _, asked in aws.asked if operation == "ListPolicies")
    assert asked["Scope"] == "Local"


def test_a_path_in_iam_is_no_shell_command(aws: Aws, found: Callable[..., dict[str, str]]) -> None:
    """The path of a policy may have any character."""
    path = "/$(id)/`id`/';id;'/"
    policy = f"arn:aws:iam::123456789012:policy{path}ci"
    provider = "arn:aws:iam::123456789012:oidc-provider/a/$(id)"
    aws.answers = {
        "ListPolicies": {"Policies": [{"PolicyName": "ci", "Arn": policy}]},
        "ListPolicyTags": {"Tags": TAGS},
        "ListEntitiesForPolicy": {"PolicyRoles": [{"RoleName": "role"}]},
        "ListPolicyVersions": {"Versions": [{"VersionId": "v1", "IsDefaultVersion": False}]},
        "ListRoles": {"Roles": [role("ci")]},
        "ListRoleTags": {"Tags": TAGS},
        "ListAttachedRolePolicies": {"AttachedPolicies": [{"PolicyArn": policy}]},
        "ListRolePolicies": {"PolicyNames": []},
        "ListInstanceProfilesForRole": {"InstanceProfiles": []},
        "ListOpenIDConnectProviders": {"OpenIDConnectProviderList": [{"Arn": provider}]},
        "GetOpenIDConnectProvider": {"Tags": TAGS},
    }
    commands = "; ".join(each.partition("delete it: ")[2] for each in found().values())
    words = shlex.split(commands)
    assert words.count(policy) + words.count(f"{policy};") == 4
    assert provider in {each.rstrip(";") for each in words}


def test_each_region_is_searched(aws: Aws, found: Callable[..., dict[str, str]]) -> None:
    for region in ("eu-west-1", "us-east-1"):
        aws.arns[arn("ecr", f"repository/{region}", region)] = {}
    assert set(found("--region", "us-east-1")) == {
        "the ECR repository eu-west-1",
        "the ECR repository us-east-1",
    }
    assert {region for operation, region, _ in aws.asked if operation == "ListAliases"} == {
        *("eu-west-1", "us-east-1")
    }
    assert [region for operation, region, _ in aws.asked if operation == "ListRoles"] == ["aws-global"]


def test_a_mark_or_a_name_assigns_a_resource_to_a_stack(aws: Aws, doctor: Doctor) -> None:
    marked, named = "/gitlab-runner/prod/ci/a", "/gitlab-runner/prod/ci/b"
    aws.arns = {arn("ssm", f"parameter{marked}"): {}}
    aws.answers = {
        "DescribeParameters": {"Parameters": [{"Name": each} for each in (marked, named)]},
    }
    found = {each["where"]: each["what"] for each in doctor.json(*ASKED, "--no-state")["findings"]}
    assert found == {
        f"the parameter {marked}": f"it has the mark of {MARK}, but is not in its state",
        f"the parameter {named}": f"it has no tags, but a name of {MARK}; it is not in its state",
    }
