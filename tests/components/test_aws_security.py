"""Security of all resources in AWS, tested on a stack with every component and every option."""

import json

import pytest
from pulumi_gitlab_runner import HostStore, RunnerStack

from sandbox.paths import CHECKOUT
from tests.components.recording import ACCOUNT, REGION, Recording, Registered, run
from tests.spec.declaration import stack_file

EVERYTHING = CHECKOUT / "tests" / "engine" / "upgrade" / "af27e12" / "Pulumi.everything.yaml"
OPERATOR = "arn:aws:iam::123456789012:role/ci-deploy"
BUCKET = "aws:s3/bucket:Bucket"
CONFIGURED = (
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
)


@pytest.fixture(scope="module")
def recording() -> Recording:
    declared = stack_file(EVERYTHING)
    declared["network"] |= {"flow_logs": {"traffic": "reject", "retention_days": 365}}
    declared["operators"] = [OPERATOR]
    declared["machine_images"] = {"base": {}}
    declared["runners"]["build"]["host"]["metrics"] = "vpc"
    return run(lambda: RunnerStack("ci", declared))[0]  # type: ignore[arg-type]


@pytest.fixture
def of_type(recording: Recording) -> "ResourcesOf":
    return ResourcesOf(recording)


class ResourcesOf:
    """The resources of a type, also those with the same name."""

    def __init__(self, recording: Recording) -> None:
        self._registered = recording.all_registered

    def __call__(self, kind: str) -> list[Registered]:
        found = [each for each in self._registered if each.type == kind]
        assert found, f"there is no {kind}"
        return found


def test_every_bucket_is_private_requires_tls_and_expires_objects(of_type: ResourcesOf) -> None:
    components = {each.parent for each in of_type(BUCKET)}
    assert components == {"gitlab-runner:index:HostStore::ci", "gitlab-runner:index:RunnerCache::ci"}
    for kind in CONFIGURED:
        assert {each.parent for each in of_type(kind)} == components
    for policy in of_type(CONFIGURED[1]):
        sids = [each["Sid"] for each in json.loads(policy.inputs["policy"])["Statement"]]
        assert "TlsOnly" in sids
    for lifecycle in of_type(CONFIGURED[2]):
        (rule,) = lifecycle.inputs["rules"]
        assert rule["status"] == "Enabled"
        assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}
        assert {"expiration", "noncurrentVersionExpiration"} & rule.keys()


def test_only_operators_and_hosts_read_the_files_of_hosts(of_type: ResourcesOf) -> None:
    (policy,) = (each for each in of_type(CONFIGURED[1]) if "HostStore" in each.parent)
    statements = {each["Sid"]: each for each in json.loads(policy.inputs["policy"])["Statement"]}
    assert statements["OperatorsWrite"]["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": [OPERATOR]}}
    wanted = statements["OperatorsAndHostsRead"]["Condition"]["StringNotLike"]
    (tag, pattern), *_ = wanted.items()
    tagged = [
        each.inputs.get("tags", {}).get(tag.rpartition("/")[2]) for each in of_type("aws:iam/role:Role")
    ]
    hosts = [each for each in tagged if each]
    # Machine images are built on instances too, which read no files of hosts.
    assert len(hosts) == len(of_type("aws:iam/instanceProfile:InstanceProfile")) - 1
    assert all(each.startswith(pattern.removesuffix("*")) for each in hosts)


def test_every_log_group_is_encrypted_with_the_key_of_the_stack(of_type: ResourcesOf) -> None:
    groups = of_type("aws:cloudwatch/logGroup:LogGroup")
    assert len(groups) >= 4
    (key,) = of_type("aws:kms/key:Key")
    assert {each.inputs["kmsKeyId"] for each in groups} == {"arn:of:aws:kms/key:Key:ci"}
    _, logs = json.loads(key.inputs["policy"])["Statement"]
    patterns = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    starts = tuple(each.rpartition("log-group:")[2].removesuffix("*") for each in patterns)
    assert all(each.inputs["name"].startswith(starts) for each in groups)


def test_a_log_group_may_have_its_own_key() -> None:
    own = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d"
    host = {"logs": {"kms_key": own}}
    recording = run(lambda: RunnerStack("ci", {"runners": {"build": {"group": 42, "host": host}}}))[0]  # type: ignore[typeddict-item]
    (group,) = ResourcesOf(recording)("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["kmsKeyId"] == own


def test_every_role_is_deleted_with_its_attached_policies(of_type: ResourcesOf) -> None:
    assert [
        each.name for each in of_type("aws:iam/role:Role") if not each.inputs.get("forceDetachPolicies")
    ] == []


def test_the_default_security_group_of_a_vpc_has_no_rules(of_type: ResourcesOf) -> None:
    (vpc,) = of_type("aws:ec2/vpc:Vpc")
    (group,) = of_type("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert group.inputs["vpcId"] == f"{vpc.name}-id"
    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])


def test_flow_logs(of_type: ResourcesOf) -> None:
    (record,) = of_type("aws:ec2/flowLog:FlowLog")
    assert record.inputs["trafficType"] == "REJECT"
    assert record.inputs["vpcId"] == "ci-id"
    (group,) = (each for each in of_type("aws:cloudwatch/logGroup:LogGroup") if "flow-logs" in each.name)
    assert group.inputs["retentionInDays"] == 365
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group.inputs['name']}"
    assert record.inputs["logDestination"] == arn
    assert record.inputs["iamRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/ci-flow-logs-0a1b2c3"
    (policy,) = (each for each in of_type("aws:iam/rolePolicy:RolePolicy") if each.name == "ci-flow-logs")
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Resource"] == [f"{arn}:*"]


def test_every_rule_of_a_security_group_has_a_description(of_type: ResourcesOf) -> None:
    for direction in ("Ingress", "Egress"):
        rules = of_type(f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule")
        assert [each.name for each in rules if not each.inputs.get("description")] == []


def test_a_standalone_store_looks_up_its_account() -> None:
    recording, _ = run(lambda: HostStore("store", {"operators": [OPERATOR]}))
    (policy,) = ResourcesOf(recording)(CONFIGURED[1])
    account = json.loads(policy.inputs["policy"])["Statement"][1]["Condition"]["StringNotEquals"]
    assert account == {"aws:PrincipalAccount": "123456789012"}
