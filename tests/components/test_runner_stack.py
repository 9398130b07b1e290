"""`RunnerStack` with the sandbox's declaration: exactly what it registers, and how."""

import base64
import json
import time
import tomllib
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_gitlab_runner import RunnerStack, declaration_from_config
from pulumi_gitlab_runner.images.pinned import OFFLINE
from pulumi_gitlab_runner.manager import image_digests

from tests.components.recording import (
    ACCOUNT,
    NOT_THERE,
    RUNNER_TOKEN,
    Cloud,
    Recording,
    Registered,
    digest_of,
    run,
)
from tests.registry.double import DIGEST, USERNAME, RegistryDouble
from tests.registry.double import PASSWORD as REGISTRY_PASSWORD
from tests.spec.declaration import STACKS, declaration, stack_file
from tests.user_data import decoded

PASSWORD = "decrypted-value"
"""The value with which `stack_file` replaces every encrypted value."""

OWN_VPC = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0"]}

STACK = "pulumi:pulumi:Stack::gitlab-runner-sandbox"
RUNNER_STACK = "gitlab-runner:index:RunnerStack::ci"
REPOSITORIES = "gitlab-runner:index:EcrRepositories::ci-team"
STORE = "gitlab-runner:index:HostStore::ci"
REGISTRATION = "gitlab-runner:index:RunnerRegistration::ci-build"
HOST = "gitlab-runner:index:RunnerHost::ci-build"
ROLE = "gitlab-runner:index:RunnerManagerRole::ci-build"
VARIABLES = "gitlab-runner:index:CiVariables::ci"

BUILD_HOST = {
    "host": "ci-build-0a1b2c3",
    "role": "ci-build-0a1b2c3",
    "profile": "ci-build-0a1b2c3",
    "security_group": "ci-build-id",
    "log_group": "",
}
"""The outputs about the host of the runner `build`."""

PARENTS = {
    ("gitlab-runner:index:RunnerStack", "ci"): STACK,
    ("gitlab-runner:index:EcrRepositories", "ci-team"): RUNNER_STACK,
    ("aws:ecr/repository:Repository", "ci-team/private/image"): REPOSITORIES,
    ("aws:ecr/repository:Repository", "ci-team/ci/base"): REPOSITORIES,
    ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "ci-team/private/image"): REPOSITORIES,
    ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "ci-team/ci/base"): REPOSITORIES,
    ("gitlab-runner:index:HostStore", "ci"): RUNNER_STACK,
    ("aws:kms/key:Key", "ci"): STORE,
    ("aws:kms/alias:Alias", "ci"): STORE,
    ("aws:s3/bucket:Bucket", "ci"): STORE,
    ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "ci"): STORE,
    ("aws:s3/bucketPolicy:BucketPolicy", "ci"): STORE,
    ("aws:s3/bucketVersioning:BucketVersioning", "ci"): STORE,
    ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "ci"): STORE,
    ("gitlab-runner:index:RunnerRegistration", "ci-build"): RUNNER_STACK,
    ("gitlab:index/userRunner:UserRunner", "ci-build"): REGISTRATION,
    ("gitlab-runner:index:RunnerHost", "ci-build"): RUNNER_STACK,
    ("aws:ssm/parameter:Parameter", "ci-build-token-build"): HOST,
    ("aws:ssm/parameter:Parameter", "ci-build-registry-legacy"): HOST,
    ("aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"): HOST,
    ("gitlab-runner:index:RunnerManagerRole", "ci-build"): HOST,
    ("aws:iam/role:Role", "ci-build"): ROLE,
    ("aws:iam/rolePolicy:RolePolicy", "ci-build"): ROLE,
    ("aws:iam/rolePolicy:RolePolicy", "ci-build.key"): ROLE,
    ("aws:iam/instanceProfile:InstanceProfile", "ci-build"): ROLE,
    ("aws:ec2/securityGroup:SecurityGroup", "ci-build"): HOST,
    ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "ci-build"): HOST,
    ("aws:ec2/launchTemplate:LaunchTemplate", "ci-build"): HOST,
    ("aws:autoscaling/group:Group", "ci-build"): HOST,
    ("aws:autoscaling/lifecycleHook:LifecycleHook", "ci-build"): HOST,
    ("aws:autoscaling/lifecycleHook:LifecycleHook", "ci-build-boot"): HOST,
    ("gitlab-runner:index:CiVariables", "ci"): RUNNER_STACK,
    ("gitlab:index/projectVariable:ProjectVariable", "ci-project-7-DOCKER_AUTH_CONFIG"): VARIABLES,
    ("gitlab:index/groupVariable:GroupVariable", "ci-group-42-DEPLOY_REGION"): VARIABLES,
}

AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"
SECRET_INPUTS = {
    ("aws:ssm/parameter:Parameter", "ci-build-token-build"): {"value"},
    ("aws:ssm/parameter:Parameter", "ci-build-registry-legacy"): {"value"},
    ("gitlab:index/projectVariable:ProjectVariable", "ci-project-7-DOCKER_AUTH_CONFIG"): {"value"},
    ("gitlab:index/groupVariable:GroupVariable", "ci-group-42-DEPLOY_REGION"): {"value"},
}


def sandbox() -> dict[str, Any]:
    """The sandbox's declaration."""
    (path,) = (path for path in STACKS if path.name == "Pulumi.sandbox.yaml")
    return stack_file(path)


def record_stack(declared: dict[str, Any], *, preview: bool = False) -> tuple[Recording, dict[str, Any]]:
    """Record a `RunnerStack`, and return its outputs too."""

    def program() -> dict[str, Any]:
        stack = RunnerStack("ci", declared)  # type: ignore[arg-type]
        return {
            "registries": stack.registries,
            "required_policies": stack.required_policies,
            "runners": stack.runners,
            "variables": stack.variables,
        }

    return run(program, preview=preview)


@pytest.fixture(scope="module", params=[False, True], ids=["up", "preview"])
def sandbox_recorded(request: pytest.FixtureRequest) -> tuple[Recording, dict[str, Any]]:
    return record_stack(sandbox(), preview=request.param)


@pytest.fixture
def registered(sandbox_recorded: tuple[Recording, dict[str, Any]]) -> dict[tuple[str, str], Registered]:
    return sandbox_recorded[0].registered


@pytest.fixture(scope="module")
def deployed() -> tuple[Recording, dict[str, Any]]:
    return record_stack(sandbox())


@pytest.fixture
def inputs(deployed: tuple[Recording, dict[str, Any]]) -> Callable[[str, str], Any]:
    def inputs_of(kind: str, name: str) -> Any:
        return deployed[0].registered[kind, name].inputs

    return inputs_of


def test_exactly_these_resources_are_registered_each_under_its_component(
    registered: dict[tuple[str, str], Registered],
) -> None:
    assert {identity: each.parent for identity, each in registered.items()} == PARENTS


def test_nothing_is_registered_twice(sandbox_recorded: tuple[Recording, dict[str, Any]]) -> None:
    assert len(sandbox_recorded[0].requests) == len(PARENTS)


def test_exactly_these_inputs_are_secret(deployed: tuple[Recording, dict[str, Any]]) -> None:
    registered = deployed[0].registered
    assert {identity: each.secrets for identity, each in registered.items() if each.secrets} == SECRET_INPUTS


def test_no_other_input_contains_a_secret(registered: dict[tuple[str, str], Registered]) -> None:
    for identity, each in registered.items():
        text = json.dumps({key: value for key, value in each.inputs.items() if key not in each.secrets})
        assert RUNNER_TOKEN not in text, identity
        assert PASSWORD not in text, identity


def test_the_inputs_of_a_component_are_only_those_that_it_shows(
    registered: dict[tuple[str, str], Registered],
) -> None:
    """The state would show their secrets in plain text: `tests/spec/test_declared.py` tests what is shown."""
    components = {name: each for name, each in registered.items() if name[0].startswith("gitlab-runner:")}
    kept = {(kind, key) for (kind, _), each in components.items() for key in each.inputs}
    others = {
        ("gitlab-runner:index:RunnerStack", "owners"),
        ("gitlab-runner:index:RunnerManagerRole", "rights"),
    }
    assert {key for kind, key in kept - others} == {"declared"}
    assert others <= kept
    assert not [name for name, each in components.items() if each.secrets]


def test_only_a_lifecycle_policy_is_deleted_before_it_is_replaced(
    registered: dict[tuple[str, str], Registered],
) -> None:
    assert {kind for (kind, _), each in registered.items() if each.delete_before_replace} == {
        "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    }


def test_no_option_except_the_parent_is_set(registered: dict[tuple[str, str], Registered]) -> None:
    for identity, each in registered.items():
        request = each.request
        assert not request.protect, identity
        assert not request.provider, identity
        assert not request.retainOnDelete, identity
        if identity != ("aws:autoscaling/group:Group", "ci-build"):  # see the tests of the options of a host
            assert not request.ignoreChanges, identity
            assert not request.replaceOnChanges, identity


def test_a_repository(inputs: Callable[[str, str], Any]) -> None:
    assert inputs("aws:ecr/repository:Repository", "ci-team/private/image") == {
        "name": "private/image",
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
        "forceDelete": False,
    }


def test_retention_of_a_repository(inputs: Callable[[str, str], Any]) -> None:
    policy = inputs("aws:ecr/lifecyclePolicy:LifecyclePolicy", "ci-team/ci/base")
    assert policy["repository"] == "ci/base"
    assert [rule["selection"]["countNumber"] for rule in json.loads(policy["policy"])["rules"]] == [7, 50]


def test_the_key_and_the_bucket(inputs: Callable[[str, str], Any]) -> None:
    assert inputs("aws:kms/key:Key", "ci")["enableKeyRotation"] is True
    assert inputs("aws:kms/alias:Alias", "ci") == {
        "name": "alias/gitlab-runner/sandbox/ci",
        "targetKeyId": "the-key",
    }
    assert inputs("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "ci") == {
        "bucket": "ci-0a1b2c3",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert inputs("aws:s3/bucketVersioning:BucketVersioning", "ci") == {
        "bucket": "ci-0a1b2c3",
        "versioningConfiguration": {"status": "Enabled"},
    }


def test_the_runner_in_gitlab(inputs: Callable[[str, str], Any]) -> None:
    assert inputs("gitlab:index/userRunner:UserRunner", "ci-build") == {
        "runnerType": "group_type",
        "groupId": 42,
        "description": "build",
        "tagLists": ["docker"],
        "untagged": False,
        "accessLevel": "not_protected",
        "locked": False,
        "paused": False,
        "maintenanceNote": "Managed by Pulumi: gitlab-runner/sandbox",
    }


def test_the_token_is_a_secure_parameter_under_the_stacks_own_key(inputs: Callable[[str, str], Any]) -> None:
    assert inputs("aws:ssm/parameter:Parameter", "ci-build-token-build") == {
        "name": "/gitlab-runner/sandbox/build/tokens/build",
        "type": "SecureString",
        "keyId": "arn:of:aws:kms/key:Key:ci",
        "value": RUNNER_TOKEN,
        "overwrite": True,
    }


def test_the_password_of_a_registry_is_a_secure_parameter_too(inputs: Callable[[str, str], Any]) -> None:
    parameter = inputs("aws:ssm/parameter:Parameter", "ci-build-registry-legacy")
    assert parameter["name"] == "/gitlab-runner/sandbox/build/registries/legacy"
    assert parameter["type"] == "SecureString"
    assert parameter["keyId"] == "arn:of:aws:kms/key:Key:ci"
    assert json.loads(parameter["value"]) == {"username": "my_username", "password": PASSWORD}


def test_the_hosts_files(inputs: Callable[[str, str], Any]) -> None:
    delivered = inputs("aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files")
    assert delivered["bucket"] == "ci-0a1b2c3"
    assert delivered["key"] == "build/files.json"
    files = json.loads(delivered["content"])
    assert 'id = "@RUNNER_ID_build@"\n' in files["etc/gitlab-runner/config.toml"]["content"]
    assert f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com" in files["etc/gitlab-runner/registries"]["content"]


def test_new_files_are_stored_after_the_token_that_they_need(
    registered: dict[tuple[str, str], Registered],
) -> None:
    request = registered["aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"].request
    dependencies = {urn.split("::")[-1] for urn in request.dependencies if "ssm/parameter" in urn}
    assert dependencies == {"ci-build-token-build", "ci-build-registry-legacy"}


def test_a_host_starts_after_its_files_and_its_permissions_exist(
    registered: dict[tuple[str, str], Registered],
) -> None:
    request = registered["aws:ec2/launchTemplate:LaunchTemplate", "ci-build"].request
    dependencies = {urn.split("::")[-2].rpartition("$")[2] for urn in request.dependencies}
    assert {
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:iam/instanceProfile:InstanceProfile",
    } <= dependencies
    profile = registered["aws:iam/instanceProfile:InstanceProfile", "ci-build"].request
    assert any("aws:iam/rolePolicy:RolePolicy" in urn for urn in profile.dependencies)


def test_the_managers_role_pulls_the_declared_repositories_of_both_accounts(
    inputs: Callable[[str, str], Any],
) -> None:
    assert inputs("aws:iam/rolePolicy:RolePolicy", "ci-build")["role"] == "ci-build-0a1b2c3"
    statements = {
        each["Sid"]: each
        for each in json.loads(inputs("aws:iam/rolePolicy:RolePolicy", "ci-build")["policy"])["Statement"]
    }
    assert statements["EcrPull"]["Resource"] == [
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/ci/base",
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/private/image",
        "arn:aws:ecr:us-east-1:210987654321:repository/platform/toolchain",
    ]
    assert statements["HostFiles"]["Resource"] == ["arn:aws:s3:::ci-0a1b2c3/build/files.json"]
    own = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/gitlab-runner/sandbox/build/*"
    assert statements["HostParameters"]["Resource"] == [own]
    assert inputs("aws:ssm/parameter:Parameter", "ci-build-token-build")["name"].startswith(
        own.partition(":parameter")[2].removesuffix("*")
    )
    (decrypt,) = json.loads(inputs("aws:iam/rolePolicy:RolePolicy", "ci-build.key")["policy"])["Statement"]
    assert (decrypt["Sid"], decrypt["Resource"]) == ("HostParametersKey", ["arn:of:aws:kms/key:Key:ci"])
    assert "RegistrySecrets" not in statements


def test_the_metadata_of_a_host_requires_a_token_and_is_not_available_to_jobs(
    inputs: Callable[[str, str], Any],
) -> None:
    assert inputs("aws:ec2/launchTemplate:LaunchTemplate", "ci-build")["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
        "instanceMetadataTags": "enabled",
    }


def test_the_hosts_disk_is_encrypted(inputs: Callable[[str, str], Any]) -> None:
    assert inputs("aws:ec2/launchTemplate:LaunchTemplate", "ci-build")["blockDeviceMappings"] == [
        {
            "deviceName": "/dev/xvda",
            "ebs": {
                "encrypted": "true",
                "volumeType": "gp3",
                "volumeSize": 100,
                "deleteOnTermination": "true",
            },
        }
    ]


def test_the_host(inputs: Callable[[str, str], Any]) -> None:
    template = inputs("aws:ec2/launchTemplate:LaunchTemplate", "ci-build")
    # EC2 looks it up at each launch, so that a newer image changes nothing here.
    assert template["imageId"] == f"resolve:ssm:{AMAZON_LINUX}x86_64"
    assert template["instanceType"] == "m6i.large"
    assert template["iamInstanceProfile"] == {
        "arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/ci-build-0a1b2c3"
    }
    assert template["vpcSecurityGroupIds"] == ["ci-build-id"]


def test_user_data_contains_the_path_of_the_token_and_not_the_token(
    inputs: Callable[[str, str], Any],
) -> None:
    text = decoded(inputs("aws:ec2/launchTemplate:LaunchTemplate", "ci-build")["userData"])
    (settings,) = (
        file["content"]
        for file in yaml.safe_load(text)["write_files"]
        if file["path"] == "/etc/gitlab-runner-host"
    )
    assert settings == (
        "BUCKET=ci-0a1b2c3\n"
        "KEY=build/files.json\n"
        "REGION=eu-west-1\n"
        "TOKENS=/gitlab-runner/sandbox/build/tokens\n"
        "RUNNER_VERSION=19.3.0\n"
        "LAUNCH_HOOK=gitlab-runner-boot\n"
        "LIFECYCLE_HOOK=gitlab-runner-drain\n"
    )
    assert RUNNER_TOKEN not in text
    assert PASSWORD not in text


def test_the_host_has_no_ingress(inputs: Callable[[str, str], Any]) -> None:
    group = inputs("aws:ec2/securityGroup:SecurityGroup", "ci-build")
    assert group == {"description": "Runner host build", "vpcId": "vpc-of-the-account"}
    rule = inputs("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "ci-build")
    assert (rule["securityGroupId"], rule["ipProtocol"], rule["cidrIpv4"]) == (
        "ci-build-id",
        "-1",
        "0.0.0.0/0",
    )


def test_the_group_keeps_one_instance(inputs: Callable[[str, str], Any]) -> None:
    group = inputs("aws:autoscaling/group:Group", "ci-build")
    assert (group["minSize"], group["maxSize"], group.get("desiredCapacity")) == (1, 2, None)
    assert group["launchTemplate"] == {"id": "ci-build-id", "version": "1"}
    assert group["vpcZoneIdentifiers"] == ["subnet-of-the-account"]


def test_the_variables(inputs: Callable[[str, str], Any]) -> None:
    auth = inputs("gitlab:index/projectVariable:ProjectVariable", "ci-project-7-DOCKER_AUTH_CONFIG")
    encoded = base64.b64encode(f"my_username:{PASSWORD}".encode()).decode()
    assert auth == {
        "project": "7",
        "key": "DOCKER_AUTH_CONFIG",
        "value": f'{{"auths":{{"registry.example.com:5000":{{"auth":"{encoded}"}}}}}}',
        "masked": True,
        "hidden": False,
        "raw": True,
        "protected": False,
        "variableType": "env_var",
        "environmentScope": "*",
        "description": "Managed by Pulumi: gitlab-runner/sandbox",
    }
    plain = inputs("gitlab:index/groupVariable:GroupVariable", "ci-group-42-DEPLOY_REGION")
    assert (plain["group"], plain["value"], plain["masked"]) == ("42", "eu-west-1", True)


def test_the_outputs_of_the_stack(deployed: tuple[Recording, dict[str, Any]]) -> None:
    own, other = (
        f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com",
        "210987654321.dkr.ecr.us-east-1.amazonaws.com",
    )
    assert {key: value for key, value in deployed[1].items() if key != "required_policies"} == {
        "registries": {
            "team": {
                "host": own,
                "repositories": {"private/image": f"{own}/private/image", "ci/base": f"{own}/ci/base"},
            },
            "shared": {"host": other, "repositories": {"platform/toolchain": f"{other}/platform/toolchain"}},
            "legacy": {"host": "registry.example.com:5000", "repositories": {}},
        },
        "runners": {
            "build": {"id": "11", "tags": ["docker"], "scope": "group 42", **BUILD_HOST},
        },
        "variables": [
            {"scope": "project 7", "key": "DOCKER_AUTH_CONFIG", "masked": True, "protected": False},
            {"scope": "group 42", "key": "DEPLOY_REGION", "masked": True, "protected": False},
        ],
    }


def test_the_policy_that_the_owner_of_another_account_must_add(
    deployed: tuple[Recording, dict[str, Any]],
) -> None:
    policies = deployed[1]["required_policies"]
    assert list(policies) == ["shared"]
    _, pull = json.loads(policies["shared"])["Statement"]
    assert pull["Condition"]["ArnLike"]["aws:PrincipalArn"]


def test_a_preview_shows_the_registries_whose_owner_must_act(
    deployed: tuple[Recording, dict[str, Any]],
) -> None:
    stack = deployed[0].registered["gitlab-runner:index:RunnerStack", "ci"]
    assert stack.inputs == {
        "owners": {
            "shared": {
                "account": "210987654321",
                "repositories": ["platform/toolchain"],
                "caches": [],
                "users": ["build"],
            }
        }
    }


def test_an_empty_declaration_registers_only_the_stack() -> None:
    recording, outputs = record_stack({})
    assert list(recording.registered) == [("gitlab-runner:index:RunnerStack", "ci")]
    assert outputs == {"registries": {}, "required_policies": {}, "runners": {}, "variables": []}


def record_images(tag: str, **settings: Any) -> tuple[dict[str, Any], list[str]]:
    """The `[runners.docker]` section of a runner with images of ECR and others, and the warnings."""
    declared = {
        "registries": {
            "team": {"ecr": {}, "repositories": {"ci/base": settings}},
            "shared": {"ecr": {"account": "210987654321", "region": "us-east-1"}, "repositories": ["tools"]},
            "quay": {"pull_through": "quay"},
        },
        "runners": {
            "build": {
                "group": 42,
                "image": f"team/ci/base:{tag}",
                "services": [
                    {"name": "shared/tools:1"},
                    {"name": "quay/a/b:2"},
                    {"name": "redis:7"},
                    {"name": "postgres:17@sha256:" + "0" * 64},
                ],
                "registries": ["team", "shared", "quay"],
                "host": {},
            }
        },
    }
    recording, _ = record_stack(declared)
    files = recording.registered["aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"].inputs["content"]
    config = tomllib.loads(json.loads(files)["etc/gitlab-runner/config.toml"]["content"])
    docker: dict[str, Any] = config["runners"][0]["docker"]
    return docker, recording.warnings


def test_images_of_ecr_are_pinned_and_one_warning_names_the_others() -> None:
    docker, warnings = record_images("1")
    own, other = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com", "210987654321.dkr.ecr.us-east-1.amazonaws.com"
    base = digest_of({"repositoryName": "ci/base", "imageTag": "1"})
    tools = digest_of(
        {"repositoryName": "tools", "imageTag": "1", "registryId": "210987654321", "region": "us-east-1"}
    )
    cached = digest_of({"repositoryName": "quay/a/b", "imageTag": "2"})
    assert docker["image"] == f"{own}/ci/base:1@{base}"
    assert [each["name"] for each in docker["services"]] == [
        f"{other}/tools:1@{tools}",
        f"{own}/quay/a/b:2@{cached}",
        "redis:7",
        "postgres:17@sha256:" + "0" * 64,
    ]
    (warning,) = warnings
    assert warning.splitlines()[1:] == ["  redis:7: docker.io cannot be reached: connection refused"]


@pytest.mark.parametrize(
    ("settings", "warned"), [({}, False), ({"mutable_tags": ["2026*"]}, True), ({"adopt": True}, True)]
)
def test_an_image_that_does_not_exist_yet_keeps_its_tag(settings: dict[str, Any], warned: bool) -> None:
    """It is a warning where its tag may be mutable, as in an adopted repository."""
    docker, warnings = record_images(NOT_THERE[0], **settings)
    assert docker["image"] == f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/ci/base:2026.11"
    reason = "  team/ci/base:2026.11: ECR has no such image, or no such repository"
    assert (reason in "\n".join(warnings)) is warned


def test_only_ecr_is_queried_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFFLINE, "true")
    docker, warnings = record_images("1")
    assert warnings == []
    assert "@sha256:" in docker["image"]
    assert docker["services"][2]["name"] == "redis:7"


def with_other_registry(host: str, registry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A declaration of two runners with the image `team/app:1` of a registry that is not ECR."""
    runner = {"group": 42, "image": "other/team/app:1", "registries": ["other"], "host": {}, **changes}
    return {
        "registries": {"other": {"host": host, **registry}},
        "runners": {"build": runner, "deploy": runner},
    }


def image_of(recording: Recording, runner: str) -> str:
    """The default image in a runner's config.toml, which is no secret."""
    files = recording.registered["aws:s3/bucketObjectv2:BucketObjectv2", f"{runner}-files"]
    assert files.secrets == set()
    config = tomllib.loads(json.loads(files.inputs["content"])["etc/gitlab-runner/config.toml"]["content"])
    image: str = config["runners"][0]["docker"]["image"]
    return image


@pytest.mark.parametrize("password", [REGISTRY_PASSWORD, pulumi.Output.secret], ids=["plain", "secret"])
@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
def test_another_registry_is_queried_once_with_the_declared_password(
    registry: RegistryDouble, password: Any, preview: bool
) -> None:
    def program() -> None:
        known = password if isinstance(password, str) else password(REGISTRY_PASSWORD)
        static = {"static": {"username": USERNAME, "password": known}}
        RunnerStack("ci", with_other_registry(registry.host, static))  # type: ignore[arg-type]

    recording, _ = run(program, preview=preview)
    assert recording.warnings == []
    assert registry.manifests() == ["/v2/team/app/manifests/1"]
    if not preview:
        for runner in ("ci-build", "ci-deploy"):
            assert image_of(recording, runner) == f"{registry.host}/team/app:1@{DIGEST}"


def test_a_registry_is_queried_with_its_deploy_token(registry: RegistryDouble) -> None:
    token = {"username": USERNAME, "password": REGISTRY_PASSWORD}
    recording, _ = record_stack(with_other_registry(registry.host, {"gitlab": {"deploy_token": token}}))
    assert image_of(recording, "ci-build") == f"{registry.host}/team/app:1@{DIGEST}"


def test_a_public_image_is_looked_up_without_a_password(registry: RegistryDouble) -> None:
    registry.scheme, registry.public = "bearer", {"team/app"}
    image = f"{registry.host}/team/app:1"
    recording, _ = record_stack({"runners": {"build": {"group": 42, "image": image, "host": {}}}})
    assert image_of(recording, "ci-build") == f"{image}@{DIGEST}"


def test_an_image_keeps_its_tag_if_the_password_is_refused(registry: RegistryDouble) -> None:
    static = {"static": {"username": USERNAME, "password": "wrong-4711"}}
    recording, _ = record_stack(with_other_registry(registry.host, static))
    assert image_of(recording, "ci-build") == f"{registry.host}/team/app:1"
    (warning,) = recording.warnings
    assert warning.splitlines()[1:] == [
        f"  other/team/app:1: {registry.host} refuses these credentials (401)"
    ]
    assert "4711" not in warning


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (
            {"static": {"secret": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:ci/other-AbCdEf"}},
            "its password is read only on the runner host",
        ),
        ({"gitlab": {}}, "only jobs have credentials for it"),
        (
            {"helper": "/usr/bin/docker-credential-gcr"},
            "its credential helper is only on the runner host",
        ),
    ],
    ids=["secret", "job", "helper"],
)
def test_a_registry_without_available_credentials_is_not_queried(
    registry: RegistryDouble, kind: dict[str, Any], reason: str
) -> None:
    recording, _ = record_stack(with_other_registry(registry.host, kind))
    (warning,) = recording.warnings
    assert warning.splitlines()[1:] == [
        f"  other/team/app:1: digests of the registry 'other' are not looked up: {reason}"
    ]
    assert registry.requests == []
    assert image_of(recording, "ci-build") == f"{registry.host}/team/app:1"


def test_a_registry_that_does_not_respond_times_out(
    registry: RegistryDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_digests, "PATIENCE_S", 0.2)
    registry.delay = 5
    static = {"static": {"username": USERNAME, "password": REGISTRY_PASSWORD}}
    started = time.monotonic()
    recording, _ = record_stack(with_other_registry(registry.host, static))
    assert time.monotonic() - started < registry.delay
    (warning,) = recording.warnings
    assert f"  other/team/app:1: {registry.host} gave no answer in 0.2 seconds" in warning


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
def test_a_required_digest_that_cannot_be_resolved_is_refused(
    registry: RegistryDouble, preview: bool
) -> None:
    static = {"static": {"username": USERNAME, "password": REGISTRY_PASSWORD}}
    registry.images = {}
    message = r"stack\.runners\.\w+\.image\n +found: +'other/team/app:1', whose digest cannot be resolved"
    with pytest.raises(pulumi.RunError, match=message):
        record_stack(with_other_registry(registry.host, static, require_digests=True), preview=preview)


def test_a_required_digest_that_its_registry_has_is_pinned(registry: RegistryDouble) -> None:
    static = {"static": {"username": USERNAME, "password": REGISTRY_PASSWORD}}
    recording, _ = record_stack(with_other_registry(registry.host, static, require_digests=True))
    assert image_of(recording, "ci-build") == f"{registry.host}/team/app:1@{DIGEST}"


def test_a_pull_through_registry_has_a_cache_rule() -> None:
    secret = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
    registries = {"hub": {"pull_through": "docker-hub", "upstream_secret": secret}}
    recording, outputs = record_stack({"registries": registries})
    rule = recording.registered["aws:ecr/pullThroughCacheRule:PullThroughCacheRule", "ci-hub"]
    assert rule.parent == RUNNER_STACK
    assert rule.inputs == {
        "ecrRepositoryPrefix": "hub",
        "upstreamRegistryUrl": "registry-1.docker.io",
        "credentialArn": secret,
    }
    assert outputs["registries"]["hub"]["host"] == f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/hub"


def test_a_deploy_token_is_a_secure_parameter() -> None:
    token = {"username": "gitlab+deploy-token-1", "password": "canary-of-the-token"}
    declared = {
        "registries": {"own": {"host": "registry.gitlab.com/group", "gitlab": {"deploy_token": token}}},
        "runners": {"build": {"group": 42, "registries": ["own"], "host": {}}},
        "variables": [{"project": 7, "docker_auth": ["own"]}],
    }
    registered = record_stack(declared)[0].registered
    parameter = registered["aws:ssm/parameter:Parameter", "ci-build-registry-own"]
    assert json.loads(parameter.inputs["value"]) == token
    assert parameter.secrets == {"value"}
    variable = registered["gitlab:index/projectVariable:ProjectVariable", "ci-project-7-DOCKER_AUTH_CONFIG"]
    assert list(json.loads(variable.inputs["value"])["auths"]) == ["registry.gitlab.com/group"]
    assert variable.secrets == {"value"}


@pytest.mark.parametrize(
    "registry",
    [
        {"host": "registry.gitlab.com", "gitlab": {}},
        {"host": "gcr.io", "helper": "/usr/bin/docker-credential-gcr"},
        {"host": "own.example", "static": {"parameter": f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/ci/own"}},
        {"ecr_public": {}},
    ],
    ids=["gitlab", "helper", "parameter", "public gallery"],
)
def test_a_registry_without_a_password_of_the_stack_has_no_parameter(registry: dict[str, Any]) -> None:
    runner = {"group": 42, "registries": ["own"], "host": {}}
    recording, _ = record_stack({"registries": {"own": registry}, "runners": {"build": runner}})
    parameters = [name for kind, name in recording.registered if kind == "aws:ssm/parameter:Parameter"]
    assert parameters == ["ci-build-token-build"]


def test_repositories_whose_names_differ_only_in_a_slash_are_distinct() -> None:
    recording, _ = record_stack({"registries": {"team": {"ecr": {}, "repositories": ["ci/base", "ci-base"]}}})
    names = [each.name for each in recording.requests if each.type == "aws:ecr/repository:Repository"]
    assert len(set(names)) == 2


@pytest.mark.parametrize(("hosts", "times"), [(({}, {}), 1), ((OWN_VPC, {}), 1), ((OWN_VPC, OWN_VPC), 0)])
def test_the_default_vpc_is_looked_up_once_where_a_host_needs_it(
    hosts: tuple[dict[str, Any], ...], times: int
) -> None:
    runners = {f"runner-{number}": {"group": 42, "host": host} for number, host in enumerate(hosts)}
    recording, _ = record_stack({"runners": runners})
    assert recording.cloud.called.count("aws:ec2/getVpcs:getVpcs") == times


def test_an_account_without_a_default_vpc_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cloud, "default_vpcs", ())
    with pytest.raises(pulumi.RunError) as refused:
        record_stack({"runners": {"build": {"group": 42, "host": {}}}})
    assert str(refused.value).splitlines() == [
        "There is no VPC for the hosts.",
        "  found:   no 'vpc', no 'network', and no default VPC in eu-west-1",
        "  allowed: one of the three",
        "  fix:     network: {} in the stack creates a VPC; or set the host's 'vpc' and 'subnets'",
    ]


def test_a_graviton_host_has_an_image_of_its_architecture() -> None:
    declared = {"runners": {"build": {"group": 42, "host": {"instance_type": "c7g.large"}}}}
    recording, _ = record_stack(declared)
    template = recording.registered["aws:ec2/launchTemplate:LaunchTemplate", "ci-build"]
    assert template.inputs["imageId"] == f"resolve:ssm:{AMAZON_LINUX}arm64"


def test_a_host_in_a_declared_vpc() -> None:
    own = {**OWN_VPC, "ami": "ami-0123456789abcdef0"}
    recording, _ = record_stack({"runners": {"build": {"group": 42, "host": own}}})
    registered = recording.registered
    assert registered["aws:ec2/securityGroup:SecurityGroup", "ci-build"].inputs["vpcId"] == OWN_VPC["vpc"]
    group = registered["aws:autoscaling/group:Group", "ci-build"].inputs
    assert group["vpcZoneIdentifiers"] == OWN_VPC["subnets"]
    template = registered["aws:ec2/launchTemplate:LaunchTemplate", "ci-build"].inputs
    assert template["imageId"] == "ami-0123456789abcdef0"


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
@pytest.mark.parametrize(
    "path", [path for path in STACKS if "sandbox" not in path.name], ids=lambda path: path.name
)
def test_the_stack_files_that_users_copy(path: Any, *, preview: bool) -> None:
    recording, _ = record_stack(stack_file(path), preview=preview)
    runners = [name for kind, name in recording.registered if kind.endswith("RunnerHost")]
    declared = stack_file(path)["runners"].items()
    assert sorted(runners) == sorted(f"ci-{name}" for name, each in declared if "host_of" not in each)
    unparented = [name for name, each in recording.registered.items() if each.parent == STACK]
    assert unparented == [("gitlab-runner:index:RunnerStack", "ci")]


def test_numbers_of_another_language_give_the_same_inputs() -> None:
    def as_floats(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: as_floats(each) for key, each in value.items()}
        if isinstance(value, list):
            return [as_floats(each) for each in value]
        return float(value) if type(value) is int else value

    ours, theirs = record_stack(declaration())[0], record_stack(as_floats(declaration()))[0]
    assert {name: each.inputs for name, each in theirs.registered.items()} == {
        name: each.inputs for name, each in ours.registered.items()
    }


def test_numbers_of_another_language_are_whole_in_config_toml() -> None:
    runner = {"group": 42, "config": {"docker": {"network_mtu": 1450.0}}, "host": {"concurrent": 2.0}}
    recording, _ = record_stack({"runners": {"build": runner}})
    files = recording.registered["aws:s3/bucketObjectv2:BucketObjectv2", "ci-build-files"].inputs["content"]
    text = json.loads(files)["etc/gitlab-runner/config.toml"]["content"]
    assert "network_mtu = 1450\n" in text
    assert "concurrent = 2\n" in text


def test_a_disabled_job_network_is_a_warning() -> None:
    runner = {"group": 42, "config": {"feature_flags": {"FF_NETWORK_PER_BUILD": False}}, "host": {}}
    warnings = record_stack({"runners": {"build": runner}})[0].warnings
    assert any(each.startswith("stack.runners.build.config.docker: all jobs share") for each in warnings)


def test_a_variable_that_hides_the_credentials_of_a_runner_is_a_warning() -> None:
    warnings = record_stack(sandbox() | {"variables": [{"group": 42, "docker_auth": ["legacy"]}]})[0].warnings
    assert any(each.startswith("stack.variables[0].docker_auth: jobs on the runner") for each in warnings)


def sandbox_with(**change: Any) -> dict[str, Any]:
    """The sandbox's declaration with a changed field."""
    return sandbox() | change


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
@pytest.mark.parametrize(
    ("declared", "path"),
    [
        (sandbox_with(registry={}), "stack.registry\n"),
        (
            sandbox_with(variables=[{"group": 42, "key": "K", "value": "short", "masked": True}]),
            "stack.variables[0]",
        ),
        (sandbox_with(runners={"build": {"group": 42, "registries": ["none"], "host": {}}}), "registries[0]"),
        ("no mapping", "stack\n"),
    ],
    ids=["an unknown key", "a masked variable", "an undeclared registry", "no mapping"],
)
def test_an_invalid_declaration_is_reported_and_registers_nothing(
    declared: Any, path: str, *, preview: bool
) -> None:
    seen: list[Recording] = []
    with pytest.raises(pulumi.RunError) as raised:
        run(lambda: RunnerStack("ci", declared), preview=preview, seen=seen)
    assert str(raised.value).startswith("The declaration has a problem")
    assert ("nothing was created" in str(raised.value)) is preview
    assert path in str(raised.value)
    assert raised.value.__cause__ is None
    assert seen[0].requests == []


def test_a_problem_that_depends_on_the_account_is_reported() -> None:
    declared = sandbox()
    declared["registries"]["other"] = {"ecr": {"account": ACCOUNT}, "repositories": ["other/image"]}
    with pytest.raises(pulumi.RunError, match="which is also the host of the registry 'team'"):
        record_stack(declared)


def configured(declared: Any, base_url: str | None = None) -> Any:
    """The declaration that a program reads from this configuration."""

    def program() -> Any:
        settings = {"gitlab-runner:stack": json.dumps(declared)}
        if base_url:
            settings["gitlab:baseUrl"] = base_url
        pulumi.runtime.set_all_config(settings)
        try:
            return declaration_from_config()
        finally:
            pulumi.runtime.set_all_config({})

    return run(program)[1]


@pytest.mark.parametrize(
    "base_url",
    ["https://gitlab.example.com/api/v4/", "https://gitlab.example.com/api/v4", "https://gitlab.example.com"],
)
def test_the_address_of_gitlab_is_that_of_its_provider(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITLAB_BASE_URL", raising=False)
    assert configured({}, base_url) == {"gitlab_url": "https://gitlab.example.com"}


def test_the_address_of_gitlab_may_be_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_BASE_URL", "http://127.0.0.1:8080/api/v4/")
    assert configured({}) == {"gitlab_url": "http://127.0.0.1:8080"}
    assert configured({}, "https://gitlab.example.com/api/v4/") == {
        "gitlab_url": "https://gitlab.example.com"
    }


def test_the_address_of_gitlab_in_the_declaration_takes_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_BASE_URL", "http://127.0.0.1:8080/api/v4/")
    declared = {"gitlab_url": "https://runners-see-me-here.example.com"}
    assert configured(declared, "https://gitlab.example.com/api/v4/") == declared


def test_there_is_no_default_address_of_gitlab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITLAB_BASE_URL", raising=False)
    assert configured({"runners": {}}) == {"runners": {}}
