"""The behaviour of the AWS stand-in as a whole, and of single resource types."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.providers.aws.policy_document import same_policy
from sandbox.providers.aws.provider import Aws
from sandbox.services.aws import ACCOUNT
from sandbox.standin.provider import Refused
from sandbox.standin.values import UNKNOWN
from tests.providers.aws.cases import lifecycle, policy, trust
from tests.providers.aws.conftest import Make
from tests.services.aws.snapshot import snapshot

REPOSITORY = "aws:ecr/repository:Repository"
ROLE = "aws:iam/role:Role"
PARAMETER = "aws:ssm/parameter:Parameter"
GROUP = "aws:autoscaling/group:Group"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
SIZES = {"minSize": 0, "maxSize": 1, "vpcZoneIdentifiers": ["subnet-1"]}
METRIC = {
    "namespace": "AWS/EC2",
    "metricName": "CPUUtilization",
    "period": 60,
    "evaluationPeriods": 1,
    "comparisonOperator": "GreaterThanThreshold",
}
Refusals = Callable[[str, dict[str, Any]], list[Any]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (policy("s3:GetObject"), policy("s3:GetObject").replace('["s3:GetObject"]', '"s3:GetObject"')),
        (policy("a:B", "c:D"), policy("c:D", "a:B")),
        (
            policy("a:B", Principal={"AWS": "210987654321"}),
            policy("a:B", Principal={"AWS": ["arn:aws:iam::210987654321:root"]}),
        ),
        (policy("a:B", Principal="*"), policy("a:B", Principal={"AWS": "*"})),
        (
            policy("a:B", Condition={"Bool": {"x": False}}),
            policy("a:B", Condition={"Bool": {"x": ["false"]}}),
        ),
    ],
)
def test_equal_policies(one: str, other: str) -> None:
    assert same_policy(one, other)


def test_different_policies() -> None:
    assert not same_policy(policy("a:B"), policy("a:C"))
    assert not same_policy(policy("a:B", Resource="x"), policy("a:B", Resource="y"))


def test_a_policy_keeps_its_format(make: Make) -> None:
    spaced = json.dumps(json.loads(trust("ec2.amazonaws.com")), indent=4)
    assert make(ROLE, {"assumeRolePolicy": spaced}).outputs["assumeRolePolicy"] == spaced


def test_another_format_of_a_lifecycle_policy_is_not_a_change(make: Make) -> None:
    repository = make(REPOSITORY, {}).id
    made = make("aws:ecr/lifecyclePolicy:LifecyclePolicy", {"repository": repository, "policy": lifecycle(3)})
    respaced = json.dumps(json.loads(lifecycle(3)), indent=2, sort_keys=True)
    assert made.difference({"repository": repository, "policy": respaced}).changes == []
    replaced = made.difference({"repository": repository, "policy": lifecycle(4)})
    assert replaced.deletes_first


def test_an_attachment_is_deleted_before_its_replacement_is_created(make: Make) -> None:
    role = make(ROLE, {"assumeRolePolicy": trust("ec2.amazonaws.com")}).id
    attached = {"role": role, "policyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}
    made = make("aws:iam/rolePolicyAttachment:RolePolicyAttachment", attached)
    assert made.difference({**attached, "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}).deletes_first


@pytest.mark.parametrize("kept", ["Enabled", "Suspended"])
def test_versioning_of_a_bucket_is_suspended_and_never_disabled(make: Make, kept: str) -> None:
    bucket = {"bucket": make("aws:s3/bucket:Bucket", {}).id}
    made = make("aws:s3/bucketVersioning:BucketVersioning", {**bucket, **versioning(kept)})
    assert made.outputs["versioningConfiguration"] == {"status": kept, "mfaDelete": "Disabled"}
    refusal = f"versioning_configuration.status cannot be updated from '{kept}' to 'Disabled'"
    with pytest.raises(Refused, match=refusal):
        made.difference({**bucket, **versioning("Disabled")})


def versioning(status: str) -> dict[str, Any]:
    return {"versioningConfiguration": {"status": status}}


def test_a_schedule_is_in_the_default_group_after_its_creation(make: Make, aws: Aws) -> None:
    target = {
        "arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "roleArn": "arn:aws:iam::123456789012:role/r",
    }
    inputs = {
        "scheduleExpression": "rate(1 hour)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": target,
    }
    made = make("aws:scheduler/schedule:Schedule", inputs)
    assert "groupName" not in made.inputs
    assert aws.create(made.token, made.inputs, preview=True)[1]["groupName"] is UNKNOWN
    assert (made.outputs["groupName"], made.id) == ("default", f"default/{made.inputs['name']}")


def test_the_key_of_a_creation_template_stays_with_another_encryption(make: Make) -> None:
    key = make("aws:kms/key:Key", {}).outputs["arn"]
    settings = {
        "prefix": "sealed",
        "appliedFors": ["REPLICATION"],
        "customRoleArn": "arn:aws:iam::123456789012:role/r",
    }
    encrypted = {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": key}]}
    template = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
    other = {**settings, "encryptionConfigurations": [{"encryptionType": "AES256"}]}
    updated = make(template, {**settings, **encrypted}).update(other)
    assert updated.outputs["encryptionConfigurations"] == [{"encryptionType": "AES256", "kmsKey": key}]


def test_default_tags_are_added_to_resources_and_are_not_drift(endpoint: str) -> None:
    aws = Aws()
    aws.configure({"region": "eu-west-1", "defaultTags": {"tags": {"team": "ci", "stage": "dev"}}})
    inputs, _ = aws.check(REPOSITORY, "tagged", {}, {"tags": {"stage": "prod"}}, b"tagged")
    assert inputs["tagsAll"] == {"team": "ci", "stage": "prod"}
    resource_id, outputs = aws.create(REPOSITORY, inputs, preview=False)
    state = aws.read(REPOSITORY, resource_id, inputs, outputs)
    assert state is not None
    assert state.inputs == inputs
    assert (state.outputs["tags"], state.outputs["tagsAll"]) == (inputs["tags"], inputs["tagsAll"])


def test_a_resource_may_be_in_another_region(make: Make, aws: Aws) -> None:
    made = make(REPOSITORY, {"region": "us-east-1"})
    assert ".us-east-1." in made.outputs["repositoryUrl"]
    assert aws.read(REPOSITORY, made.id, {}, {}) is None
    assert made.imported(f"{made.id}@us-east-1").inputs["region"] == "us-east-1"
    moved = made.difference({"region": "eu-west-1"}).changes
    assert [(change.path, change.replaces) for change in moved] == [("region", True)]


def test_a_replacement_of_an_object_is_created_before_the_old_one_is_deleted(make: Make) -> None:
    first, second = (make("aws:s3/bucket:Bucket", {"bucket": f"objects-{each}"}).id for each in "ab")
    made = make("aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": first, "key": "a", "content": "x"})
    moved = made.difference({"bucket": second, "key": "a", "content": "x"})
    assert [(change.path, change.replaces) for change in moved.changes] == [("bucket", True)]
    assert not moved.deletes_first


def test_foreign_tags_of_a_bucket_are_kept(make: Make, client: Callable[[str], Any]) -> None:
    bucket = make("aws:s3/bucket:Bucket", {"tags": {"a": "1", "b": "2"}})
    named = {"AccountId": ACCOUNT, "ResourceArn": bucket.outputs["arn"]}
    client("s3control").tag_resource(**named, Tags=[{"Key": "of-another", "Value": ""}])
    with pytest.raises(Refused, match="of-another"):  # the state does not have this tag
        bucket.update({"tags": {"b": "3", "c": "4"}})
    assert bucket.imported().inputs["tags"] == {"of-another": "", "b": "3", "c": "4"}


def test_a_bucket_shows_its_region(make: Make) -> None:
    # S3 names no location for us-east-1: docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
    for region in ("us-east-1", "eu-west-1"):
        made = make("aws:s3/bucket:Bucket", {"region": region})
        assert made.outputs["bucketRegion"] == region
        assert f".s3.{region}." in made.outputs["bucketRegionalDomainName"]


def test_a_tag_changed_by_hand_is_drift(make: Make, client: Callable[[str], Any]) -> None:
    made = make(REPOSITORY, {"tags": {"a": "1"}})
    client("ecr").tag_resource(resourceArn=made.outputs["arn"], tags=[{"Key": "a", "Value": "by hand"}])
    state = made.read()
    assert state is not None
    assert state.inputs["tags"] == {"a": "by hand"}
    changes = made.aws.diff(made.token, state.inputs, state.outputs, made.inputs).changes
    assert "tags.a" in {change.path for change in changes}


def test_a_default_tag_changed_by_hand_is_drift(endpoint: str) -> None:
    aws = Aws()
    aws.configure({"region": "eu-west-1", "defaultTags": {"tags": {"team": "ci"}}})
    inputs, _ = aws.check(REPOSITORY, "retagged", {}, {}, b"retagged")
    resource_id, outputs = aws.create(REPOSITORY, inputs, preview=False)
    by_hand = [{"Key": "team", "Value": "by hand"}]
    aws.connect({}).client("ecr").tag_resource(resourceArn=outputs["arn"], tags=by_hand)
    state = aws.read(REPOSITORY, resource_id, inputs, outputs)
    assert state is not None
    assert state.inputs["tags"] == {"team": "by hand"}
    assert aws.diff(REPOSITORY, state.inputs, state.outputs, inputs).changes


def test_the_deletion_of_a_role_with_foreign_policies_needs_force(
    make: Make, client: Callable[[str], Any]
) -> None:
    def with_policy(**inputs: Any) -> Any:
        made = make(ROLE, {"assumeRolePolicy": trust("ec2.amazonaws.com"), **inputs})
        document = policy("s3:GetObject", Resource="*")
        client("iam").put_role_policy(RoleName=made.id, PolicyName="by-hand", PolicyDocument=document)
        return made

    with pytest.raises(Exception, match="DeleteConflict"):
        with_policy().delete()
    forced = with_policy(forceDetachPolicies=True)
    forced.delete()
    assert forced.read() is None


def test_a_write_only_parameter_changes_with_its_version(make: Make, client: Callable[[str], Any]) -> None:
    inputs = {"type": "SecureString", "valueWo": "first", "valueWoVersion": 1}
    made = make(PARAMETER, inputs)
    assert made.difference({**inputs, "valueWo": "second"}).changes == []
    updated = made.update({**inputs, "valueWo": "second", "valueWoVersion": 2})
    assert "second" not in str(updated.outputs)
    live = client("ssm").get_parameter(Name=made.id, WithDecryption=True)
    assert live["Parameter"]["Value"] == "second"


def test_a_refusal_does_not_show_the_value_of_a_parameter(failures: Refusals) -> None:
    found = failures(PARAMETER, {"type": "SecureString", "value": ["hidden"]})
    assert "hidden" not in str(found)
    assert "value" in [failure.path for failure in found]


@pytest.mark.parametrize(
    ("token", "inputs", "path", "message"),
    [
        (REPOSITORY, {"imageTagMutability": "NO"}, "imageTagMutability", "allowed is MUTABLE, IMMUTABLE"),
        (
            REPOSITORY,
            {"imageScanningConfiguration": {"scan": 1}},
            "imageScanningConfiguration.scan",
            "served are scanOnPush",
        ),
        (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy", "allowed is a JSON document"),
        (
            ROLE,
            {"managedPolicyArns": [], "assumeRolePolicy": "{}"},
            "managedPolicyArns",
            "the sandbox does not serve",
        ),
        (PARAMETER, {"type": "String"}, "value", "found none"),
        (GROUP, {**SIZES, "minSize": 2, "launchTemplate": {"id": "x"}}, "minSize", "at most maxSize, 1"),
        (GROUP, SIZES, "launchTemplate", "found none"),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"userData": "#!/bin/sh"}, "userData", "must be base64"),
        ("aws:kms/key:Key", {"deletionWindowInDays": 3}, "deletionWindowInDays", "at least 7"),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 2}, "retentionInDays", "1, 3, 5"),
        ("aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": "alias/logs"}, "kmsKeyId", "the ARN of a key"),
        (ALARM, {**METRIC, "statistic": "Sum", "period": 90}, "period", "a multiple of 60"),
        (ALARM, {**METRIC, "threshold": "high"}, "threshold", "allowed is a number"),
        (ALARM, METRIC, "statistic", "required"),
        (VERSION, {"secretId": "s"}, "secretString", "required"),
        (SECRET, {"recoveryWindowInDays": 3}, "recoveryWindowInDays", "give 0, or 7 to 30"),
    ],
)
def test_invalid_inputs_are_refused(
    failures: Refusals, token: str, inputs: dict[str, Any], path: str, message: str
) -> None:
    assert message in {failure.path: failure.reason for failure in failures(token, inputs)}[path]


def test_a_type_of_the_official_provider_that_is_not_served_is_refused(aws: Aws) -> None:
    with pytest.raises(Refused, match="aws:sqs/queue:Queue: the sandbox does not serve this type"):
        aws.check("aws:sqs/queue:Queue", "x", {}, {}, b"")


def test_an_error_of_aws_is_its_code_and_message(make: Make, aws: Aws) -> None:
    name = make(REPOSITORY, {}).inputs["name"]
    with pytest.raises(Exception, match="already exists") as error:
        make(REPOSITORY, {"name": name})
    assert str(aws.explain(error.value)).startswith("RepositoryAlreadyExistsException: ")


def test_a_managed_policy_keeps_its_newest_five_versions(make: Make, client: Callable[[str], Any]) -> None:
    made = make("aws:iam/policy:Policy", {"policy": policy("a:1", Resource="*")})
    for number in range(2, 8):
        made = made.update({"policy": policy(f"a:{number}", Resource="*")})
    versions = client("iam").list_policy_versions(PolicyArn=made.id)["Versions"]
    assert [version["VersionId"] for version in versions if version["IsDefaultVersion"]] == ["v7"]
    assert {version["VersionId"] for version in versions} == {"v3", "v4", "v5", "v6", "v7"}
    assert made.difference({"policy": policy("a:7", Resource="*")}).changes == []
    made.delete()


def test_a_change_of_only_the_tags_creates_no_new_version_of_a_template(make: Make) -> None:
    made = make("aws:ec2/launchTemplate:LaunchTemplate", {"instanceType": "t3.small"})
    retagged = made.aws.update(
        made.token,
        made.id,
        made.inputs,
        made.outputs,
        made.check({"instanceType": "t3.small", "tags": {"a": "1"}}),
        preview=True,
    )
    assert retagged["latestVersion"] == 1
    updated = made.update({"instanceType": "t3.large", "updateDefaultVersion": True})
    assert (updated.outputs["latestVersion"], updated.outputs["defaultVersion"]) == (2, 2)


def test_an_instance_refresh_launches_the_new_template(
    make: Make, aws: Aws, client: Callable[[str], Any]
) -> None:
    image = aws.invoke(
        "aws:ssm/getParameter:getParameter",
        {"name": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"},
    )[0]
    template = make(
        "aws:ec2/launchTemplate:LaunchTemplate", {"imageId": image["value"], "instanceType": "t3.small"}
    )
    subnets = aws.invoke("aws:ec2/getSubnets:getSubnets", {})[0]["ids"]
    inputs = {
        "minSize": 1,
        "maxSize": 1,
        "vpcZoneIdentifiers": subnets,
        "launchTemplate": {"id": template.id, "version": "$Latest"},
        "instanceRefresh": {"strategy": "Rolling"},
    }
    group = make(GROUP, inputs)

    def instances() -> set[str]:
        found = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group.id])
        return {one["InstanceId"] for one in found["AutoScalingGroups"][0]["Instances"]}

    before = instances()
    group.update({**inputs, "launchTemplate": {"id": template.id, "version": "1"}})
    assert len(instances()) == 1
    assert instances().isdisjoint(before)


def test_a_mixed_group_keeps_its_policy_when_it_is_resized(make: Make, aws: Aws) -> None:
    template = make("aws:ec2/launchTemplate:LaunchTemplate", {"instanceType": "t3.small"})
    specification = {"launchTemplateId": template.id, "version": "$Latest"}
    inputs = {
        "minSize": 0,
        "maxSize": 5,
        "vpcZoneIdentifiers": aws.invoke("aws:ec2/getSubnets:getSubnets", {})[0]["ids"],
        "mixedInstancesPolicy": {
            "instancesDistribution": {"spotAllocationStrategy": "price-capacity-optimized"},
            "launchTemplate": {
                "launchTemplateSpecification": specification,
                "overrides": [{"instanceType": "c7i.large"}, {"instanceType": "c7a.large"}],
            },
        },
    }
    resized = make(GROUP, inputs).update({**inputs, "maxSize": 6})
    assert resized.difference({**inputs, "maxSize": 6}).changes == []
    assert "launchTemplate" not in resized.outputs
    looked_up, _ = aws.invoke("aws:autoscaling/getGroup:getGroup", {"name": resized.id})
    assert (looked_up["name"], looked_up["arn"]) == (resized.id, resized.outputs["arn"])


def test_a_bucket_that_denies_plain_traffic_can_be_used(make: Make) -> None:
    bucket = make("aws:s3/bucket:Bucket", {"forceDestroy": True})
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]})
    make("aws:s3/bucketPolicy:BucketPolicy", {"bucket": bucket.id, "policy": document})
    made = make("aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": bucket.id, "content": "x"})
    assert made.outputs["content"] == "x"
    assert (made.id, made.outputs["arn"]) == (f"{bucket.id}/{made.name}", f"arn:aws:s3:::{made.id}")
    assert made.imported(f"s3://{made.id}@eu-west-1").resource_id == made.id
    with pytest.raises(Refused, match="write BUCKET/KEY"):
        made.imported(made.name)
    bucket.delete()
    assert bucket.read() is None


def test_functions(aws: Aws) -> None:
    def call(token: str, **arguments: Any) -> Any:
        result, failures = aws.invoke(token, arguments)
        assert failures == []
        return result

    assert call("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert call("aws:index/getRegion:getRegion")["region"] == "eu-west-1"
    assert call("aws:index/getPartition:getPartition")["dnsSuffix"] == "amazonaws.com"
    vpc = call("aws:ec2/getVpc:getVpc", default=True)
    assert call("aws:ec2/getVpc:getVpc", id=vpc["id"])["cidrBlock"] == vpc["cidrBlock"]
    default = [{"name": "is-default", "values": ["true"]}]
    assert call("aws:ec2/getVpcs:getVpcs", filters=default)["ids"] == [vpc["id"]]
    assert call("aws:ec2/getVpcs:getVpcs", tags={"no": "such"})["ids"] == []
    subnets = call("aws:ec2/getSubnets:getSubnets", filters=[{"name": "vpc-id", "values": [vpc["id"]]}])
    assert len(subnets["ids"]) == 3
    assert call("aws:ec2/getSubnets:getSubnets", tags={"no": "such"})["ids"] == []
    zones = call(
        "aws:index/getAvailabilityZones:getAvailabilityZones",
        filters=[{"name": "zone-type", "values": ["availability-zone"]}],
    )
    assert zones["names"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    with pytest.raises(Refused, match="0 VPCs match"):
        call("aws:ec2/getVpc:getVpc", tags={"no": "such"})


@pytest.mark.parametrize(
    ("kind", "inputs", "token", "by"),
    [
        (REPOSITORY, {"name": "looked/up"}, "aws:ecr/getRepository:getRepository", "name"),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            {"name": "/x"},
            "aws:cloudwatch/getLogGroup:getLogGroup",
            "name",
        ),
        (
            "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
            {"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"},
            "aws:ecr/getPullThroughCacheRule:getPullThroughCacheRule",
            "ecrRepositoryPrefix",
        ),
        (
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            {"url": "https://looked.example.com", "clientIdLists": ["x"]},
            "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider",
            "url",
        ),
    ],
)
def test_one_resource_is_looked_up(make: Make, aws: Aws, kind: str, inputs: Any, token: str, by: str) -> None:
    with pytest.raises(Exception, match=r"not there|not found|NotFound"):
        aws.invoke(token, {by: inputs[by]})
    made = make(kind, inputs)
    found, failures = aws.invoke(token, {by: inputs[by]})
    assert failures == []
    assert found["id"] == made.id
    assert found.get("arn") == made.outputs.get("arn")
    made.delete()


def test_an_alias_and_the_rules_of_a_group_are_looked_up(make: Make, aws: Aws) -> None:
    key = make("aws:kms/key:Key", {})
    make("aws:kms/alias:Alias", {"name": "alias/looked-up", "targetKeyId": key.id})
    found, _ = aws.invoke("aws:kms/getAlias:getAlias", {"name": "alias/looked-up"})
    assert found["targetKeyId"] == key.id
    group = make("aws:ec2/securityGroup:SecurityGroup", {})
    inputs = {"securityGroupId": group.id, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}
    rule = make("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", inputs)
    of_group = [{"name": "group-id", "values": [group.id]}]
    listed, _ = aws.invoke("aws:vpc/getSecurityGroupRules:getSecurityGroupRules", {"filters": of_group})
    assert listed["ids"] == [rule.id]
    shown, _ = aws.invoke(
        "aws:vpc/getSecurityGroupRule:getSecurityGroupRule", {"securityGroupRuleId": rule.id}
    )
    assert (shown["isEgress"], shown["cidrIpv4"], shown["fromPort"]) == (True, "0.0.0.0/0", -1)


def test_a_snapshot_shows_created_and_not_deleted_resources(make: Make, endpoint: str) -> None:
    before = snapshot(endpoint)
    made = [
        make(REPOSITORY, {"region": "us-east-1"}),
        make("aws:kms/key:Key", {}),
        make("aws:s3/bucket:Bucket", {}),
        make(ROLE, {"assumeRolePolicy": trust("ec2.amazonaws.com")}),
        make("aws:ec2/securityGroup:SecurityGroup", {}),
    ]
    with_them = snapshot(endpoint)
    for kind in ("repository", "key", "bucket", "role", "security group"):
        assert len(with_them[kind]) == len(before.get(kind, [])) + 1
    for one in made:
        one.delete()
    assert snapshot(endpoint) == before


def test_an_alias_may_point_to_another_key(make: Make) -> None:
    first, second = make("aws:kms/key:Key", {}), make("aws:kms/key:Key", {})
    alias = make("aws:kms/alias:Alias", {"targetKeyId": first.id})
    assert alias.outputs["targetKeyArn"] == first.outputs["arn"]
    by_arn = {"targetKeyId": first.outputs["arn"]}
    assert alias.difference(by_arn).changes == []
    assert make("aws:kms/alias:Alias", by_arn).outputs["targetKeyId"] == first.id
    assert alias.update({"targetKeyId": second.id}).outputs["targetKeyArn"] == second.outputs["arn"]


def test_an_image_by_its_tag(make: Make, aws: Aws, client: Callable[[str], Any]) -> None:
    repository = make(REPOSITORY, {}).id
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"})
    asked = {"repositoryName": repository, "imageTag": "1"}
    with pytest.raises(Exception, match="couldn't find resource"):
        aws.invoke("aws:ecr/getImage:getImage", asked)
    client("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag="1")
    found, _ = aws.invoke("aws:ecr/getImage:getImage", asked)
    assert found["imageDigest"] == "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
    assert found["imageTags"] == ["1"]
    assert found["imageUri"].endswith(f"/{repository}@{found['imageDigest']}")


def test_an_image_of_a_missing_repository(aws: Aws) -> None:
    with pytest.raises(Exception, match="couldn't find resource"):
        aws.invoke("aws:ecr/getImage:getImage", {"repositoryName": "no/such", "imageTag": "1"})


def test_a_rule_without_the_secret_that_its_upstream_requires_is_refused(make: Make) -> None:
    rule = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}
    with pytest.raises(Exception, match="requires a credential"):
        make("aws:ecr/pullThroughCacheRule:PullThroughCacheRule", rule)


def test_an_alarm_does_not_overwrite_an_existing_one(make: Make) -> None:
    name = make(ALARM, {**METRIC, "statistic": "Sum"}).id
    with pytest.raises(Refused, match=f"there is an alarm {name} already"):
        make(ALARM, {**METRIC, "statistic": "Sum", "name": name})


def test_a_secret_without_a_recovery_window_may_be_deleted_twice(make: Make) -> None:
    secret = make(SECRET, {"recoveryWindowInDays": 0})
    secret.delete()
    assert secret.read() is None
    secret.delete()


def test_a_secret_that_is_scheduled_for_deletion_is_gone_with_its_value(make: Make) -> None:
    secret = make(SECRET, {})
    version = make(VERSION, {"secretId": secret.id, "secretString": "value"})
    secret.delete()
    assert secret.read() is None
    assert version.read() is None


def test_a_private_network_is_created_and_deleted(make: Make, endpoint: str) -> None:
    before = snapshot(endpoint)
    vpc = make("aws:ec2/vpc:Vpc", {"cidrBlock": "10.3.0.0/16", "enableDnsHostnames": True})
    public = make("aws:ec2/subnet:Subnet", {"vpcId": vpc.id, "cidrBlock": "10.3.0.0/24"})
    private = make("aws:ec2/subnet:Subnet", {"vpcId": vpc.id, "cidrBlock": "10.3.1.0/24"})
    gateway = make("aws:ec2/internetGateway:InternetGateway", {"vpcId": vpc.id})
    address = make("aws:ec2/eip:Eip", {"domain": "vpc"})
    nat = make("aws:ec2/natGateway:NatGateway", {"subnetId": public.id, "allocationId": address.id})
    table = make("aws:ec2/routeTable:RouteTable", {"vpcId": vpc.id})
    default_route = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0"}
    route = make("aws:ec2/route:Route", {**default_route, "natGatewayId": nat.id})
    routed = {"subnetId": private.id, "routeTableId": table.id}
    association = make("aws:ec2/routeTableAssociation:RouteTableAssociation", routed)
    group = make("aws:ec2/securityGroup:SecurityGroup", {"vpcId": vpc.id})
    reachable = {
        "vpcId": vpc.id,
        "serviceName": "com.amazonaws.eu-west-1.ecr.api",
        "vpcEndpointType": "Interface",
    }
    placed = {"subnetIds": [private.id], "securityGroupIds": [group.id], "privateDnsEnabled": True}
    endpoint_made = make("aws:ec2/vpcEndpoint:VpcEndpoint", {**reachable, **placed})
    made = [vpc, public, private, gateway, address, nat, table, route, association, group, endpoint_made]
    for one in made:
        state = one.read()
        assert state is not None
        assert state.inputs == one.inputs
    assert route.outputs["natGatewayId"] == nat.id
    other = make("aws:ec2/routeTable:RouteTable", {"vpcId": vpc.id})
    rerouted = association.update({**routed, "routeTableId": other.id})
    after = rerouted.read()
    assert after is not None
    assert after.outputs == rerouted.outputs
    assert after.outputs["routeTableId"] == other.id
    assert after.resource_id == after.outputs["id"] != association.id
    made[made.index(association)] = rerouted
    made.insert(1, other)
    elsewhere = {**reachable, "serviceName": "com.amazonaws.eu-west-1.ecr.dkr"}
    without_names = make("aws:ec2/vpcEndpoint:VpcEndpoint", elsewhere)
    assert without_names.outputs["privateDnsEnabled"] is False
    without_names.delete()
    moved = endpoint_made.update({**reachable, **placed, "subnetIds": [public.id]})
    assert moved.outputs["subnetIds"] == [public.id]
    for one in reversed(made):
        one.delete()
    assert snapshot(endpoint) == before


def test_a_route_has_one_target(failures: Refusals) -> None:
    route = {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"}
    found = failures("aws:ec2/route:Route", {**route, "gatewayId": "igw-1", "natGatewayId": "nat-1"})
    assert [(one.path, one.reason) for one in found] == [
        ("gatewayId", "one of gatewayId, natGatewayId must be given; found gatewayId and natGatewayId")
    ]


def test_a_region_that_does_not_exist_has_no_host() -> None:
    provider = Aws()
    provider.configure({"region": "eu-wst-1"})
    with pytest.raises(Refused, match=r"lookup sts\.eu-wst-1\.amazonaws\.com: no such host"):
        provider.connect({}).client("sts")
    assert provider.connect({"region": "us-gov-west-1"}).client("sts").meta.partition == "aws-us-gov"
