"""The permissions of a pipeline's roles; tests/components compares them with the resources of a stack."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from pulumi_gitlab_runner.iam.pipeline_roles import (
    PipelineStatements,
    StackNames,
    packed,
    pipeline_statements,
    pipeline_trust_policy,
    state_statements,
)
from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack
from pulumi_gitlab_runner.spec.pipeline_roles import PulumiState

from tests.spec.declaration import output

ACCOUNT, REGION = "123456789012", "eu-west-1"
HERE = f"{REGION}:{ACCOUNT}"
ECR = f"arn:aws:ecr:{HERE}:repository"
KEY = f"arn:aws:kms:{HERE}:key/0a1b"
SECRET = f"arn:aws:secretsmanager:{HERE}:secret:ci/token-AbCdEf"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.example.com"
IN_REGION = {"StringEquals": {"aws:RequestedRegion": REGION}}

TEAM: Any = {"ecr": {}, "repositories": {"ci/base": {}, "app": {}}}
HOST: Any = {"group": 42, "host": {}}
FLEET: Any = {"instance_types": ["c7i.large"], "max_instances": 2}


def statements_for(partition: str = "aws", **declared: Any) -> PipelineStatements:
    """The statements for a stack."""
    names = StackNames("my.Project", "prod", "Ci", AwsEnvironment(ACCOUNT, REGION, partition))
    return pipeline_statements(parse_stack({"gitlab_url": "https://gitlab.example.com", **declared}), names)


def by_sid(statements: Iterable[Statement]) -> dict[str, dict[str, Any]]:
    """The statements by their Sid, which must be unique."""
    found = [dict(each) for each in statements]
    named = {each.pop("Sid"): each for each in found}
    assert len(named) == len(found)
    return named


def statement(actions: str, *resources: str, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An expected statement, without its Sid."""
    expected = {"Effect": "Allow", "Action": sorted(actions.split()), "Resource": sorted(resources)}
    return expected | ({"Condition": condition} if condition else {})


PULL = "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer"
DESCRIBE = "ecr:DescribeImages ecr:DescribeRepositories"
PUSH = "ecr:CompleteLayerUpload ecr:InitiateLayerUpload ecr:PutImage ecr:UploadLayerPart"
MIRRORED: Any = {
    "registries": {"team": TEAM},
    "mirrors": {"all": {"registry": "team", "images": {"db": "postgres"}}},
}
MIRRORED["mirrors"]["all"]["images"]["db"] = {"image": "postgres:17", "repository": "app"}
BUILT: Any = {
    "registries": {"team": TEAM},
    "builds": {"base": {"repository": "team/ci/base", "context": "."}},
}


def preview_actions(**declared: Any) -> set[str]:
    """Every action that a preview of a stack may do."""
    return {action for each in statements_for(**declared).preview for action in each["Action"]}


def test_a_preview_looks_up_the_group_of_a_fleet() -> None:
    groups = "autoscaling:DescribeAutoScalingGroups"
    assert groups in preview_actions(runners={"a": {"group": 1, "fleet": FLEET}})
    assert groups not in preview_actions(runners={"a": HOST})


@pytest.mark.parametrize("declared", [MIRRORED, BUILT], ids=["mirrored", "built"])
def test_only_a_deployment_pushes_images(declared: Any) -> None:
    permissions = statements_for(**declared)
    arns = (f"{ECR}/app", f"{ECR}/ci/base")
    for reading in (permissions.preview, permissions.drift):
        assert by_sid(reading)["Images"] == statement(f"{PULL} {DESCRIBE}", *arns)
    assert by_sid(permissions.deploy)["Images"] == statement(
        f"{PULL} {DESCRIBE} {PUSH} ecr:BatchDeleteImage", *arns
    )
    for each in (permissions.preview, permissions.drift, permissions.deploy):
        assert by_sid(each)["ImageToken"] == statement("ecr:GetAuthorizationToken", "*")


def test_a_stack_that_copies_no_images_has_no_permissions_for_images() -> None:
    legacy = {"host": "a.example", "static": {"username": "me", "password": "pass-word-1"}}
    mirrors = {"all": {"registry": "legacy", "images": {"db": "postgres:17"}}}
    for permissions in (
        statements_for(registries={"team": TEAM}),
        statements_for(registries={"team": TEAM, "legacy": legacy}, mirrors=mirrors),
    ):
        assert {"Images", "ImageToken"}.isdisjoint(by_sid(permissions.deploy))


VPCS = "ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:DescribeRouteTables"
OWN: Any = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0"]}


@pytest.mark.parametrize(
    ("declared", "actions"),
    [
        ({}, ""),
        ({"runners": {"a": HOST}}, f"ec2:DescribeSubnets {VPCS}"),
        ({"runners": {"a": {"group": 1, "host": OWN}}}, VPCS),
        ({"runners": {"a": {"group": 1, "fleet": FLEET}}}, f"ec2:DescribeSubnets {VPCS}"),
        ({"runners": {"a": {"group": 1, "host": {"docker": {}}}}}, ""),
        ({"network": {}}, "ec2:DescribeAvailabilityZones"),
        ({"network": {}, "runners": {"a": HOST}}, "ec2:DescribeAvailabilityZones"),
        (
            {"network": {}, "runners": {"a": {"group": 1, "host": {"metrics": "vpc"}}}},
            f"ec2:DescribeAvailabilityZones {VPCS}",
        ),
        (
            {"network": {}, "runners": {"a": {"group": 1, "host": {"metrics": "loopback"}}}},
            "ec2:DescribeAvailabilityZones",
        ),
        (
            {"network": {}, "runners": {"a": {"group": 1, "host": OWN}}},
            f"ec2:DescribeAvailabilityZones {VPCS}",
        ),
        ({"machine_images": {"a": {}}}, f"ec2:DescribeSubnets {VPCS}"),
        ({"machine_images": {"a": {**OWN}}}, ""),
        (
            {
                "network": {},
                "runners": {"a": {"group": 1, "fleet": {**FLEET, **OWN, "job_networks": "10.9.0.0/16"}}},
            },
            f"ec2:DescribeAvailabilityZones {VPCS}",
        ),
    ],
)
def test_the_network_of_the_account_is_read_as_far_as_the_program_needs_it(
    declared: Any, actions: str
) -> None:
    permissions = statements_for(**declared)
    expected = statement(actions, "*", condition=IN_REGION) if actions else None
    assert by_sid(permissions.preview).get("NetworkOfTheAccount") == expected
    assert by_sid(permissions.deploy).get("NetworkOfTheAccount") == expected
    assert "NetworkOfTheAccount" not in by_sid(permissions.drift)


def test_the_newest_machine_images_are_read() -> None:
    path = f"arn:aws:ssm:{REGION}:"
    assert by_sid(statements_for(machine_images={"a": {}}).preview)["NewestImages"] == statement(
        "ssm:GetParameter",
        f"{path}:parameter/aws/service/*",
        f"{path}{ACCOUNT}:parameter/imagebuilder/my.Project/prod/*",
    )
    assert "NewestImages" not in by_sid(statements_for(runners={"a": HOST}).preview)
    assert by_sid(statements_for(runners={"a": HOST}).deploy)["MachineImages"] == statement(
        "ssm:GetParameters", f"{path}:parameter/aws/service/*"
    )
    assert "MachineImages" not in by_sid(statements_for(network={}).deploy)


def test_digests_of_the_registries_that_runners_use_are_read() -> None:
    registries = {"team": TEAM, "hub": {"pull_through": "quay"}, "unused": {"pull_through": "kubernetes"}}
    permissions = statements_for(
        registries=registries, runners={"a": {**HOST, "registries": ["team", "hub"]}}
    )
    expected = statement(DESCRIBE, f"{ECR}/app", f"{ECR}/ci/base", f"{ECR}/hub/*")
    assert by_sid(permissions.preview)["Digests"] == by_sid(permissions.deploy)["Digests"] == expected
    assert "Digests" not in by_sid(permissions.drift)
    assert "Digests" not in by_sid(statements_for(registries=registries, runners={"a": HOST}).preview)


@pytest.mark.parametrize(("count", "listed"), [(50, True), (51, False)])
def test_many_repositories_are_listed_by_the_first_part_of_their_names(count: int, listed: bool) -> None:
    names = [f"a/{number:02}" for number in range(count - 1)] + ["bb"]
    registries = {"team": {"ecr": {}, "repositories": names}}
    found = by_sid(statements_for(registries=registries).deploy)["Repositories"]["Resource"]
    assert found == sorted(f"{ECR}/{each}" for each in (names if listed else ["a/*", "bb"]))


def test_repositories_of_other_accounts_are_not_managed() -> None:
    shared = {"ecr": {"account": "210987654321"}, "repositories": ["tools"]}
    found = by_sid(statements_for(registries={"team": TEAM, "shared": shared}).deploy)
    assert found["Repositories"]["Resource"] == [f"{ECR}/app", f"{ECR}/ci/base"]


def test_parameters_are_read_back_through_parameter_store() -> None:
    permissions = statements_for(runners={"a": HOST})
    through = {"StringEquals": {"kms:ViaService": f"ssm.{REGION}.amazonaws.com"}}
    keys = f"arn:aws:kms:{HERE}:key/*"
    assert by_sid(permissions.drift)["ParameterKey"] == statement("kms:Decrypt", keys, condition=through)
    assert by_sid(permissions.deploy)["ParameterKey"] == statement(
        "kms:Decrypt kms:Encrypt", keys, condition=through
    )
    assert "ParameterKey" not in by_sid(permissions.preview)
    assert "ParameterKey" not in by_sid(statements_for(network={}).deploy)


def test_a_preview_reads_resources_that_may_exist_already() -> None:
    found = by_sid(statements_for(registries={"team": TEAM}, runners={"a": HOST}).preview)
    assert {"kms:DescribeKey", "kms:ListAliases"} <= {
        action for each in found.values() for action in each["Action"]
    }
    assert found["Keys"]["Action"] == ["kms:DescribeKey"]
    assert "ecr:DescribeRepositories" in found["Repositories"]["Action"]
    roles = {"job_roles": {"a": {"projects": ["a/b"], "branches": ["main"], "registries": ["team"]}}}
    with_provider = by_sid(statements_for(registries={"team": TEAM}, **roles).preview)
    assert "iam:ListOpenIDConnectProviders" in with_provider["Anywhere"]["Action"]
    roles["job_roles"]["a"]["identity_provider"] = PROVIDER
    without = by_sid(statements_for(registries={"team": TEAM}, **roles).preview)
    assert "Anywhere" not in without or "iam:ListOpenIDConnectProviders" not in without["Anywhere"]["Action"]


def test_everything_is_restricted_to_the_names_of_the_stack() -> None:
    auth = {"projects": [8], "registries": ["team"], "gitlab_token": {"value": "glpat-x"}}
    alarms = {"topic": f"arn:aws:sns:{HERE}:alarms"}
    login = {"username": "me", "access_token": "token"}
    permissions = statements_for(
        registries={"team": TEAM, "hub": {"pull_through": "ghcr", "upstream_credentials": login}},
        runners={"a": {"group": 1, "host": {"logs": {}, "alarms": alarms}}},
        hosted_auth={"ecr": auth},
        job_roles={"a": {"projects": ["a/b"], "branches": ["main"], "registries": ["team"]}},
        machine_images={"docker": {}},
    )
    iam = f"arn:aws:iam::{ACCOUNT}"
    resources = {sid: each["Resource"] for sid, each in by_sid(permissions.deploy).items()}
    expected = {
        "Alarms": [f"arn:aws:cloudwatch:{HERE}:alarm:Ci-*"],
        "Aliases": [f"arn:aws:kms:{HERE}:alias/my-Project/prod/*", f"arn:aws:kms:{HERE}:key/*"],
        "Buckets": ["arn:aws:s3:::ci-*"],
        "Functions": [f"arn:aws:lambda:{HERE}:function:Ci-*"],
        "Groups": [
            f"arn:aws:autoscaling:{HERE}:autoScalingGroup:*:autoScalingGroupName/Ci-*",
            f"arn:aws:autoscaling:{HERE}:autoScalingGroup:*:autoScalingGroupName/my.Project-prod-*",
        ],
        "IdentityProvider": [f"{iam}:oidc-provider/gitlab.example.com"],
        "ImageBuilder": [f"arn:aws:imagebuilder:{HERE}:*/my-project-prod-*"],
        "LogGroups": [
            f"arn:aws:logs:{HERE}:log-group:/aws/imagebuilder/my-project-prod-*",
            f"arn:aws:logs:{HERE}:log-group:/my.Project/prod/*",
        ],
        "Objects": ["arn:aws:s3:::ci-*/*"],
        "Parameters": [
            f"arn:aws:ssm:{HERE}:parameter/imagebuilder/my.Project/prod/*",
            f"arn:aws:ssm:{HERE}:parameter/my.Project/prod/*",
        ],
        "Profiles": [f"{iam}:instance-profile/*/Ci-*", f"{iam}:instance-profile/Ci-*"],
        "Repositories": [f"{ECR}/app", f"{ECR}/ci/base"],
        "Roles": [f"{iam}:role/*/Ci-*", f"{iam}:role/Ci-*"],
        "Schedules": [f"arn:aws:scheduler:{HERE}:schedule/default/Ci-*"],
        "Secrets": [f"arn:aws:secretsmanager:{HERE}:secret:ecr-pullthroughcache/Ci-*"],
    }
    assert {sid: resources[sid] for sid in expected} == expected
    assert by_sid(permissions.deploy)["Ec2"]["Condition"] == IN_REGION
    assert sorted(sid for sid, found in resources.items() if found == ["*"]) == [
        "Anywhere",
        "Ec2",
        "NetworkOfTheAccount",
        "Registry",
    ]


def test_bucket_tagging_actions_are_only_for_other_partitions() -> None:
    """The provider uses S3 Control, which supports no tags of buckets in these partitions."""
    tagging = {"s3:GetBucketTagging", "s3:PutBucketTagging"}
    for partition, expected in (("aws", set[str]()), ("aws-cn", tagging), ("aws-us-gov", tagging)):
        permissions = statements_for(partition, runners={"a": HOST})
        deploy, drift = (
            set(by_sid(each)["Buckets"]["Action"]) for each in (permissions.deploy, permissions.drift)
        )
        assert {"s3:TagResource", "s3:UntagResource", "s3:ListTagsForResource"} <= deploy
        assert "s3:ListTagsForResource" in drift
        assert tagging & deploy == expected
        assert tagging & drift == expected - {"s3:PutBucketTagging"}
    assert "Buckets" not in by_sid(statements_for("aws-cn", registries={"team": TEAM}).deploy)


def test_only_a_stack_with_machine_images_has_the_paths_of_image_builder() -> None:
    found = by_sid(statements_for(runners={"a": {"group": 1, "host": {"logs": {}}}}).deploy)
    assert found["LogGroups"]["Resource"] == [f"arn:aws:logs:{HERE}:log-group:/my.Project/prod/*"]
    assert found["Parameters"]["Resource"] == [f"arn:aws:ssm:{HERE}:parameter/my.Project/prod/*"]


PASSED = {
    "a host": ({"runners": {"a": HOST}}, "ec2"),
    "flow logs": ({"network": {"flow_logs": {}}}, "vpc-flow-logs"),
    "a template": ({"ecr_settings": {REGION: {"creation_templates": {"hub": {"tags": {"a": "b"}}}}}}, "ecr"),
    "a template without a role": ({"ecr_settings": {REGION: {"creation_templates": {"hub": {}}}}}, ""),
    "a function": (
        {
            "registries": {"team": TEAM},
            "hosted_auth": {
                "a": {"projects": [8], "registries": ["team"], "gitlab_token": {"secret": SECRET}}
            },
        },
        "lambda scheduler",
    ),
    "a machine image": ({"machine_images": {"a": {}}}, "ec2"),
    "a network": ({"network": {}}, ""),
}


@pytest.mark.parametrize(("declared", "services"), PASSED.values(), ids=PASSED)
def test_roles_are_passed_only_to_the_services_that_assume_them(declared: Any, services: str) -> None:
    found = by_sid(statements_for(**declared).deploy).get("PassRole")
    if not services:
        assert found is None
        return
    to = {"StringEquals": {"iam:PassedToService": [f"{each}.amazonaws.com" for each in services.split()]}}
    roles = (f"arn:aws:iam::{ACCOUNT}:role/Ci-*", f"arn:aws:iam::{ACCOUNT}:role/*/Ci-*")
    assert found == statement("iam:PassRole", *roles, condition=to)


LINKED = {
    "a host": ({"runners": {"a": HOST}}, "autoscaling"),
    "a cache": ({"registries": {"hub": {"pull_through": "quay"}}}, "pullthroughcache.ecr"),
    "a machine image": ({"machine_images": {"a": {}}}, "imagebuilder"),
    "scanning": ({"ecr_settings": {REGION: {"scanning": {"enhanced": True}}}}, "inspector2"),
    "replication": (
        {"ecr_settings": {REGION: {"replicate_to": [{"region": "us-east-1"}]}}},
        "replication.ecr",
    ),
    "a network": ({"network": {}}, ""),
}


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
@pytest.mark.parametrize(("declared", "service"), LINKED.values(), ids=LINKED)
def test_service_linked_roles_are_created_for_the_services_that_need_them(
    declared: Any, service: str, partition: str
) -> None:
    found = by_sid(statements_for(partition, **declared).deploy).get("ServiceLinkedRoles")
    named = {"StringEquals": {"iam:AWSServiceName": [f"{service}.amazonaws.com"]}}
    roles = f"arn:{partition}:iam::*:role/aws-service-role/*"
    assert found == (statement("iam:CreateServiceLinkedRole", roles, condition=named) if service else None)


@pytest.mark.parametrize(
    ("keys", "arns"),
    [
        ([], None),
        ([KEY], [KEY]),
        ([KEY, KEY + "2c"], [KEY, KEY + "2c"]),
        ([output()], [f"arn:aws:kms:*:{ACCOUNT}:key/*"]),
        ([output(), KEY], [f"arn:aws:kms:*:{ACCOUNT}:key/*", KEY]),
    ],
)
def test_the_keys_of_repositories_are_granted_to_ecr(keys: list[Any], arns: list[str] | None) -> None:
    repositories: Any = {f"r{index}": {"kms_key": key} for index, key in enumerate(keys)} | {"plain": {}}
    found = by_sid(statements_for(registries={"team": {"ecr": {}, "repositories": repositories}}).deploy)
    actions = "kms:CreateGrant kms:DescribeKey kms:RetireGrant"
    assert found.get("RepositoryKeys") == (statement(actions, *arns) if arns else None)


BOUNDED = {
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
}


def everything_with_a_role(boundary: Any, **without: bool) -> dict[str, Any]:
    """A declaration with each part that creates a role, all with a boundary except some."""

    def bound(part: str, declared: Any) -> Any:
        return declared if without.get(part) else {**declared, "permissions_boundary": boundary}

    auth = {"projects": [8], "registries": ["team"], "gitlab_token": {"secret": SECRET}}
    role = {"projects": ["a/b"], "branches": ["main"], "registries": ["team"]}
    return {
        "registries": {"team": TEAM},
        "runners": {"a": {"group": 1, "host": bound("host", {})}},
        "hosted_auth": {"a": bound("auth", auth)},
        "job_roles": {"a": bound("role", role)},
        "machine_images": {"a": bound("image", {})},
    }


def test_roles_with_a_boundary_keep_it() -> None:
    found = by_sid(statements_for(**everything_with_a_role(BOUNDARY)).deploy)
    bounded = found["BoundedRoles"]
    assert set(bounded["Action"]) <= BOUNDED
    assert bounded["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": [BOUNDARY]}}
    assert bounded["Resource"] == found["Roles"]["Resource"]
    assert BOUNDED.isdisjoint(found["Roles"]["Action"])
    assert "iam:GetRole" in found["Roles"]["Action"]


@pytest.mark.parametrize("without", ["host", "auth", "role", "image", "unknown", "template"])
def test_no_boundary_is_required_if_one_role_has_no_known_boundary(without: str) -> None:
    boundary = output() if without == "unknown" else BOUNDARY
    declared = everything_with_a_role(boundary, **{without: True})
    if without == "template":
        declared["ecr_settings"] = {REGION: {"creation_templates": {"hub": {"tags": {"a": "b"}}}}}
    found = by_sid(statements_for(**declared).deploy)
    assert "BoundedRoles" not in found
    assert {"iam:CreateRole", "iam:PutRolePolicy"} <= set(found["Roles"]["Action"])


def test_the_issuer_of_a_provider_may_be_known_later() -> None:
    role = {"projects": ["a/b"], "branches": ["main"], "registries": ["team"], "issuer": output()}
    found = by_sid(statements_for(registries={"team": TEAM}, job_roles={"a": role}).deploy)
    assert found["IdentityProvider"]["Resource"] == [f"arn:aws:iam::{ACCOUNT}:oidc-provider/*"]


STATE = PulumiState("my-state", "ci/", KEY, KEY + "2c")


@pytest.mark.parametrize("write", [False, True])
def test_the_permissions_for_the_state(write: bool) -> None:
    def more(*actions: str) -> str:
        return " ".join(actions) if write else ""

    assert by_sid(state_statements(STATE, "aws-cn", write=write)) == {
        "State": statement("s3:ListBucket", "arn:aws-cn:s3:::my-state"),
        "StateObjects": statement(
            f"s3:GetObject {more('s3:PutObject', 's3:DeleteObject')}", "arn:aws-cn:s3:::my-state/ci/*"
        ),
        "StateKey": statement(f"kms:Decrypt {more('kms:GenerateDataKey')}", KEY),
        "StateSecrets": statement(f"kms:Decrypt {more('kms:Encrypt')}", KEY + "2c"),
    }


def test_the_permissions_for_the_state_without_keys_and_without_a_prefix() -> None:
    found = by_sid(state_statements(PulumiState("my-state"), "aws", write=False))
    assert found.keys() == {"State", "StateObjects"}
    assert found["StateObjects"]["Resource"] == ["arn:aws:s3:::my-state/*"]


def test_the_trust_of_a_role_names_the_branches() -> None:
    policy = json.loads(pipeline_trust_policy(PROVIDER, "sts.amazonaws.com", ["b", "a"]))
    assert policy["Statement"][0]["Condition"] == {
        "StringEquals": {"gitlab.example.com:aud": "sts.amazonaws.com"},
        "StringLike": {"gitlab.example.com:sub": ["a", "b"]},
    }


LARGEST = 6144
"""Characters of a managed policy without white space: docs.aws.amazon.com/IAM/latest/UserGuide
/reference_iam-quotas.html."""


def sizes(policies: list[str]) -> list[int]:
    """The size of each policy, as IAM counts it."""
    return [len(json.dumps(json.loads(each), separators=(",", ":"))) for each in policies]


def of_length(length: int) -> Statement:
    """A statement with this number of characters."""
    empty = len(json.dumps(allow("A", ["s3:GetObject"], [""]), separators=(",", ":")))
    return allow("A", ["s3:GetObject"], ["x" * (length - empty)])


FRAME = len('{"Version":"2012-10-17","Statement":[]}')


@pytest.mark.parametrize(("last", "count"), [(0, 1), (1, 2)])
def test_policies_are_filled_to_the_last_character(last: int, count: int) -> None:
    room = LARGEST - FRAME - len(",")
    policies = packed([of_length(3000), of_length(room - 3000 - 1 + last)])
    assert len(policies) == count
    assert max(sizes(policies)) <= LARGEST
    assert sum(len(json.loads(each)["Statement"]) for each in policies) == 2


def test_statements_keep_their_order() -> None:
    statements = [allow(f"S{number}", ["s3:GetObject"], ["x" * 900]) for number in range(20)]
    policies = packed(statements)
    assert [each["Sid"] for policy in policies for each in json.loads(policy)["Statement"]] == [
        f"S{number}" for number in range(20)
    ]
    assert len(policies) == 4


def test_a_long_list_is_split_into_parts_that_each_fit() -> None:
    arns = [f"arn:aws:s3:::bucket-{number:04}/" + "x" * 80 for number in range(130)]
    policies = packed([allow("Objects", ["s3:GetObject"], arns)])
    parts = [each for policy in policies for each in json.loads(policy)["Statement"]]
    assert [each["Sid"] for each in parts] == ["ObjectsAA", "ObjectsAB", "ObjectsBA", "ObjectsBB"]
    assert [arn for each in parts for arn in each["Resource"]] == arns
    assert {tuple(each["Action"]) for each in parts} == {("s3:GetObject",)}
    assert max(sizes(policies)) <= LARGEST


@pytest.mark.parametrize(("more", "sids"), [(0, ["A"]), (1, ["AA", "AB"])])
def test_only_a_statement_that_does_not_fit_is_split(more: int, sids: list[str]) -> None:
    whole = of_length(LARGEST - FRAME - len(",") - len(',""') + more)
    policies = packed([{**whole, "Resource": [*whole["Resource"], ""]}])
    assert [each["Sid"] for policy in policies for each in json.loads(policy)["Statement"]] == sids


def test_a_single_resource_is_not_split() -> None:
    (policy,) = packed([of_length(LARGEST)])
    assert [each["Sid"] for each in json.loads(policy)["Statement"]] == ["A"]
