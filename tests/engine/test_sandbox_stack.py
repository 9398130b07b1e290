"""The resources in AWS and in GitLab that `pulumi up` of the sandbox's declaration creates."""

import base64
import json
import tomllib
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.auth.registry_list import read_registry_list

from tests.engine.canaries import PASSWORD, TOKEN
from tests.engine.project import Project
from tests.user_data import decoded

pytestmark = pytest.mark.engine

ECR = "arn:aws:ecr:{}:repository/{}"
HERE, THERE = "eu-west-1:123456789012", "us-east-1:210987654321"


def test_the_stack_has_exactly_these_resources(project: Project) -> None:
    assert project.resources() == {
        "pulumi:pulumi:Stack": 1,
        "pulumi:providers:aws": 1,
        "pulumi:providers:gitlab": 1,
        "gitlab-runner:index:RunnerStack": 1,
        "gitlab-runner:index:EcrRepositories": 1,
        "aws:ecr/repository:Repository": 2,
        "aws:ecr/lifecyclePolicy:LifecyclePolicy": 2,
        "gitlab-runner:index:HostStore": 1,
        "aws:kms/key:Key": 1,
        "aws:kms/alias:Alias": 1,
        "aws:s3/bucket:Bucket": 1,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
        "aws:s3/bucketPolicy:BucketPolicy": 1,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1,
        "aws:s3/bucketVersioning:BucketVersioning": 1,
        "gitlab-runner:index:RunnerRegistration": 1,
        "gitlab:index/userRunner:UserRunner": 1,
        "gitlab-runner:index:RunnerHost": 1,
        "gitlab-runner:index:RunnerManagerRole": 1,
        "aws:iam/role:Role": 1,
        "aws:iam/rolePolicy:RolePolicy": 2,
        "aws:iam/instanceProfile:InstanceProfile": 1,
        "aws:ssm/parameter:Parameter": 2,
        "aws:s3/bucketObjectv2:BucketObjectv2": 1,
        "aws:ec2/securityGroup:SecurityGroup": 1,
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 1,
        "aws:ec2/launchTemplate:LaunchTemplate": 1,
        "aws:autoscaling/group:Group": 1,
        "aws:autoscaling/lifecycleHook:LifecycleHook": 2,
        "gitlab-runner:index:CiVariables": 1,
        "gitlab:index/projectVariable:ProjectVariable": 1,
        "gitlab:index/groupVariable:GroupVariable": 1,
    }


@pytest.mark.parametrize(("name", "kept"), [("ci/base", 50), ("private/image", 100)])
def test_a_repository_is_immutable_scanned_encrypted_and_cleaned_up(
    project: Project, name: str, kept: int
) -> None:
    ecr = project.aws("ecr")
    repository = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfiguration"]["encryptionType"] == "AES256"
    policy = json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])
    assert [rule["selection"]["countNumber"] for rule in policy["rules"]] == [7, kept]


def test_the_role_may_pull_the_declared_repositories_and_read_what_its_host_needs(project: Project) -> None:
    iam = project.aws("iam")
    role = group_template(project)["role"]
    policies = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    statements = [each for policy in policies for each in policy["Statement"]]
    key = key_arn(project)
    parameters = [f"arn:aws:ssm:{HERE}:parameter/gitlab-runner/tested/build/*"]
    (bucket,) = (each["Name"] for each in project.aws("s3").list_buckets()["Buckets"])
    assert {each["Sid"]: (each["Effect"], each["Action"], each["Resource"]) for each in statements} == {
        "EcrToken": ("Allow", ["ecr:GetAuthorizationToken"], ["*"]),
        "EcrPull": (
            "Allow",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [
                ECR.format(HERE, "ci/base"),
                ECR.format(HERE, "private/image"),
                ECR.format(THERE, "platform/toolchain"),
            ],
        ),
        "HostFiles": ("Allow", ["s3:GetObject"], [f"arn:aws:s3:::{bucket}/build/files.json"]),
        "HostGroup": ("Allow", ["autoscaling:DescribeAutoScalingGroups"], ["*"]),
        # Only in the group with the tag of this host.
        "HostLifecycle": (
            "Allow",
            [
                "autoscaling:CancelInstanceRefresh",
                "autoscaling:CompleteLifecycleAction",
                "autoscaling:RecordLifecycleActionHeartbeat",
                "autoscaling:SetInstanceHealth",
                "autoscaling:StartInstanceRefresh",
            ],
            [f"arn:aws:autoscaling:{HERE}:autoScalingGroup:*:autoScalingGroupName/*"],
        ),
        "HostParameters": ("Allow", ["ssm:GetParameter", "ssm:GetParameters"], parameters),
        "HostParametersKey": ("Allow", ["kms:Decrypt"], [key]),
    }
    assert {each["Sid"]: each["Condition"] for each in statements if "Condition" in each} == {
        "HostGroup": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        "HostLifecycle": {
            "StringEquals": {"aws:ResourceTag/gitlab-runner-host": "/gitlab-runner/tested/build"}
        },
        "HostParametersKey": {
            "StringEquals": {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": parameters},
        },
    }
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokens/build", f"{TOKEN}-NUMBER"),
        ("registries/legacy", json.dumps({"username": "my_username", "password": PASSWORD})),
    ],
)
def test_secrets_are_parameters_encrypted_with_the_key_of_the_stack(
    project: Project, name: str, value: str
) -> None:
    ssm = project.aws("ssm")
    value = value.replace("NUMBER", str(project.outputs()["runners"]["build"]["id"]))
    path = f"/gitlab-runner/tested/build/{name}"
    (described,) = ssm.describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [path]}]
    )["Parameters"]
    assert described["Type"] == "SecureString"
    assert described["KeyId"] == key_arn(project)
    read = ssm.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"]
    assert read == value or json.loads(read) == json.loads(value)


def test_the_key_is_customer_managed_and_rotated(project: Project) -> None:
    kms = project.aws("kms")
    key = key_arn(project)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyManager"] == "CUSTOMER"
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


def test_the_host_has_imdsv2_out_of_reach_of_jobs_and_an_encrypted_disk(project: Project) -> None:
    template = group_template(project)["data"]
    metadata = template["MetadataOptions"]
    assert metadata["HttpTokens"] == "required"
    assert metadata["HttpPutResponseHopLimit"] == 1
    (disk,) = template["BlockDeviceMappings"]
    assert disk["DeviceName"] == "/dev/xvda"
    assert disk["Ebs"]["Encrypted"] is True
    assert disk["Ebs"]["VolumeType"] == "gp3"
    assert template["InstanceType"] == "m6i.large"


def test_the_user_data_has_the_prefix_of_the_tokens(project: Project) -> None:
    text = decoded(group_template(project)["data"]["UserData"])
    files = {each["path"]: each["content"] for each in yaml.safe_load(text)["write_files"]}
    settings = files["/etc/gitlab-runner-host"]
    assert "TOKENS=/gitlab-runner/tested/build/tokens" in settings.splitlines()


def test_a_group_keeps_one_instance(project: Project) -> None:
    group = group_template(project)["group"]
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (1, 2, 1)
    assert len(group["Instances"]) == 1
    (instance,) = group["Instances"]
    assert instance["LifecycleState"] == "InService"


def test_the_host_allows_no_ingress_and_any_egress(project: Project) -> None:
    (identifier,) = group_template(project)["data"]["SecurityGroupIds"]
    (group,) = project.aws("ec2").describe_security_groups(GroupIds=[identifier])["SecurityGroups"]
    assert group["IpPermissions"] == []
    (egress,) = group["IpPermissionsEgress"]
    assert egress["IpProtocol"] == "-1"
    assert [each["CidrIp"] for each in egress["IpRanges"]] == ["0.0.0.0/0"]


def test_the_files_of_the_host_are_in_a_private_versioned_bucket(project: Project) -> None:
    s3 = project.aws("s3")
    (bucket,) = (each["Name"] for each in s3.list_buckets()["Buckets"])
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(closed.values()) == {True}


def test_the_runner_uses_the_default_image_and_services_with_a_network_for_each_job(project: Project) -> None:
    (runner,) = tomllib.loads(host_file(project, "etc/gitlab-runner/config.toml"))["runners"]
    assert runner["url"] == project.sandbox.services["gitlab"].url
    # Its ID is in the metadata of the object, and the host inserts it.
    number = project.outputs()["runners"]["build"]["id"]
    assert host_object(project)["Metadata"] == {"runner-ids": number}
    assert runner["feature_flags"]["FF_NETWORK_PER_BUILD"] is True
    assert runner["docker"]["image"] == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base:2026.11"
    assert runner["docker"]["services"] == [
        {"name": "postgres:latest", "alias": "db"},
        {"name": "redis:latest", "alias": "cache"},
    ]


def test_every_private_registry_has_a_source_of_its_credentials(project: Project) -> None:
    assert set(read_registry_list(host_file(project, "etc/gitlab-runner/registries"))) == {
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "210987654321.dkr.ecr.us-east-1.amazonaws.com",
        "registry.example.com:5000",
    }


def test_the_runner_is_registered_as_declared(project: Project) -> None:
    (runner,) = project.snapshot()["gitlab"]["runners"].values()
    assert [group["id"] for group in runner["groups"]] == [42]
    declared = {key: runner[key] for key in ("runner_type", "description", "tag_list", "run_untagged")}
    assert declared == {
        "runner_type": "group_type",
        "description": "build",
        "tag_list": ["docker"],
        "run_untagged": False,
    }
    settings = {key: runner[key] for key in ("locked", "paused", "access_level", "maximum_timeout")}
    assert settings == {
        "locked": False,
        "paused": False,
        "access_level": "not_protected",
        "maximum_timeout": None,
    }


def test_the_variables_are_masked(project: Project) -> None:
    variables = project.snapshot()["gitlab"]["variables"]
    (docker_auth,) = variables["project 7"]
    assert (docker_auth["key"], docker_auth["masked"]) == ("DOCKER_AUTH_CONFIG", True)
    credentials = base64.b64encode(f"my_username:{PASSWORD}".encode()).decode()
    assert json.loads(docker_auth["value"]) == {"auths": {"registry.example.com:5000": {"auth": credentials}}}
    (region,) = variables["group 42"]
    assert (region["key"], region["value"], region["masked"]) == ("DEPLOY_REGION", "eu-west-1", True)


def test_the_outputs_describe_the_resources(project: Project) -> None:
    outputs = project.outputs()
    assert outputs["registries"]["team"] == {
        "host": "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "repositories": {
            name: f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/{name}"
            for name in ("ci/base", "private/image")
        },
    }
    group = group_template(project)["group"]["AutoScalingGroupName"]
    template = group_template(project)
    (number,) = project.snapshot()["gitlab"]["runners"]
    assert outputs["runners"] == {
        "build": {
            "id": str(number),
            "tags": ["docker"],
            "scope": "group 42",
            "host": group,
            "role": template["role"],
            "profile": template["data"]["IamInstanceProfile"]["Arn"].rpartition("/")[2],
            "security_group": template["data"]["SecurityGroupIds"][0],
            "log_group": "",
        }
    }


def key_arn(project: Project) -> str:
    """The ARN of the key with the stack's alias."""
    kms = project.aws("kms")
    described = kms.describe_key(KeyId="alias/gitlab-runner/tested/ci")
    arn: str = described["KeyMetadata"]["Arn"]
    return arn


def group_template(project: Project) -> dict[str, Any]:
    """The Auto Scaling group, the data of the launch template's version that it uses, and its role's name."""
    (group,) = project.aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    used = group["LaunchTemplate"]
    (version,) = project.aws("ec2").describe_launch_template_versions(
        LaunchTemplateId=used["LaunchTemplateId"], Versions=[used["Version"]]
    )["LaunchTemplateVersions"]
    data = version["LaunchTemplateData"]
    profile = data["IamInstanceProfile"]["Arn"].rpartition("/")[2]
    described = project.aws("iam").get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
    return {"group": group, "data": data, "role": described["Roles"][0]["RoleName"]}


def host_object(project: Project) -> dict[str, Any]:
    """The object with the files of the runner's host."""
    s3 = project.aws("s3")
    (bucket,) = (each["Name"] for each in s3.list_buckets()["Buckets"])
    return dict(s3.get_object(Bucket=bucket, Key="build/files.json"))


def host_file(project: Project, path: str) -> str:
    """A file of the runner's host, as the host fetches it from S3."""
    content: str = json.load(host_object(project)["Body"])[path]["content"]
    return content
