"""The policy of a runner manager's role: exactly what the declaration needs, statement by statement."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.iam.manager import HOST, ec2_trust_policy, manager_policy
from pulumi_gitlab_runner.iam.pull import PULL_ACTIONS, owner_policy, owner_registry_policy
from pulumi_gitlab_runner.iam.registries import required_policies
from pulumi_gitlab_runner.iam.stored_secret import parameter_key_statement, some_key_arn
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack
from pulumi_gitlab_runner.spec.registries import (
    EcrPublicRegistry,
    EcrRegistry,
    GitLabRegistry,
    HelperRegistry,
    PullThroughRegistry,
    Registry,
    Repository,
    StaticRegistry,
)

from tests.iam.everything import POLICY as EVERYTHING
from tests.spec.declaration import ENVIRONMENT, STACKS, stack_file

TOKEN = "arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab-runner/sandbox/build/tokens/build"
PASSWORD = "arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab-runner/sandbox/build/registries/legacy"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555"
FILES = "arn:aws:s3:::ci-0a1b2c3/build/files.json"
PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/ci/own"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/partner-AbCdEf"


OWN = StaticRegistry("own", "a.example", parameter=PARAMETER)
PARTNER = StaticRegistry("partner", "b.example", secret=SECRET)


def sandbox_registries(environment: AwsEnvironment = ENVIRONMENT) -> list[Registry]:
    """The registries that the sandbox's runner pulls from."""
    (sandbox,) = (path for path in STACKS if path.name == "Pulumi.sandbox.yaml")
    stack = parse_stack(stack_file(sandbox), environment)
    return list(stack.registries_of(stack.runners["build"]).values())


def policy(**changes: Any) -> dict[str, Any]:
    """The policy of the sandbox's runner, with some of the arguments changed."""
    everything: dict[str, Any] = {
        "registries": sandbox_registries(),
        "environment": ENVIRONMENT,
        "parameter_arns": [TOKEN, PASSWORD],
        "files_arn": FILES,
    }
    document: dict[str, Any] = json.loads(manager_policy(**(everything | changes)))
    return document


def of_registries(*registries: Registry) -> list[dict[str, Any]]:
    """The statements for these registries alone."""
    statements: list[dict[str, Any]] = policy(**NOTHING | {"registries": registries})["Statement"]
    return statements


NOTHING: dict[str, Any] = {
    "registries": [],
    "parameter_arns": [],
    "files_arn": None,
}


def test_the_sandbox_runners_policy() -> None:
    assert policy(registries=[*sandbox_registries(), PARTNER]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EcrToken",
                "Effect": "Allow",
                "Action": ["ecr:GetAuthorizationToken"],
                "Resource": ["*"],
            },
            {
                "Sid": "EcrPull",
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "Resource": [
                    "arn:aws:ecr:eu-west-1:123456789012:repository/ci/base",
                    "arn:aws:ecr:eu-west-1:123456789012:repository/private/image",
                    "arn:aws:ecr:us-east-1:210987654321:repository/platform/toolchain",
                ],
            },
            {
                "Sid": "RegistrySecrets",
                "Effect": "Allow",
                "Action": ["secretsmanager:GetSecretValue"],
                "Resource": [SECRET],
            },
            {
                "Sid": "HostFiles",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": [FILES],
            },
            {
                "Sid": "HostParameters",
                "Effect": "Allow",
                "Action": ["ssm:GetParameter", "ssm:GetParameters"],
                "Resource": [PASSWORD, TOKEN],
            },
        ],
    }


def test_the_key_of_the_parameters_decrypts_only_these() -> None:
    assert parameter_key_statement(HOST, [TOKEN, PASSWORD], KEY) == {
        "Sid": "HostParametersKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": [KEY],
        "Condition": {
            "StringEquals": {
                "kms:ViaService": "ssm.eu-west-1.amazonaws.com",
                "kms:EncryptionContext:PARAMETER_ARN": [PASSWORD, TOKEN],
            }
        },
    }
    assert len(some_key_arn(ENVIRONMENT)) == len(KEY)


@pytest.mark.parametrize(
    ("changes", "statements"),
    [
        ({"registries": []}, ["HostFiles", "HostParameters"]),
        ({"parameter_arns": []}, ["EcrToken", "EcrPull", "HostFiles"]),
        ({"files_arn": None}, ["EcrToken", "EcrPull", "HostParameters"]),
        ({**NOTHING, "registries": [PARTNER]}, ["RegistrySecrets"]),
        (NOTHING, []),
    ],
    ids=["no repositories", "no parameters", "no files", "a secret alone", "nothing"],
)
def test_permissions_without_need_are_absent(changes: dict[str, Any], statements: list[str]) -> None:
    assert [statement["Sid"] for statement in policy(**changes)["Statement"]] == statements


def test_a_cache_imports_images_only_below_its_prefix() -> None:
    below = "arn:aws:ecr:eu-west-1:123456789012:repository/quay/*"
    token, pull, pull_through = of_registries(PullThroughRegistry("quay", "quay"))
    assert token["Sid"] == "EcrToken"
    assert (pull["Action"], pull["Resource"]) == (sorted(PULL_ACTIONS), [below])
    assert pull_through == {
        "Sid": "EcrPullThrough",
        "Effect": "Allow",
        "Action": ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
        "Resource": [below],
    }


def test_declared_repositories_of_a_cache_restrict_pulls() -> None:
    cache = PullThroughRegistry("quay", "quay", repositories={"a/b": Repository("a/b")})
    _, pull, pull_through = of_registries(cache)
    assert pull["Resource"] == pull_through["Resource"]
    assert pull["Resource"] == ["arn:aws:ecr:eu-west-1:123456789012:repository/quay/a/b"]


def test_only_images_of_a_cache_are_imported() -> None:
    owned = EcrRegistry("team", repositories={"ci/base": Repository("ci/base")})
    *_, pull, pull_through = of_registries(owned, PullThroughRegistry("quay", "quay"))
    assert len(pull["Resource"]) == 2
    assert len(pull_through["Resource"]) == 1


def test_the_public_gallery_needs_only_a_token() -> None:
    assert of_registries(EcrPublicRegistry("gallery")) == [
        {
            "Sid": "EcrPublicToken",
            "Effect": "Allow",
            "Action": ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"],
            "Resource": ["*"],
        }
    ]


def test_registries_outside_of_aws_need_no_statements() -> None:
    helper = HelperRegistry("google", "gcr.io", "/usr/bin/docker-credential-gcr")
    assert of_registries(GitLabRegistry("own", "registry.gitlab.com"), helper) == []


@pytest.mark.parametrize(
    ("registry", "action", "stored", "context"),
    [
        (
            StaticRegistry("a", "a.example", secret=SECRET, key=KEY),
            "secretsmanager:GetSecretValue",
            SECRET,
            {
                "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
                "kms:EncryptionContext:SecretARN": SECRET,
            },
        ),
        (
            StaticRegistry("a", "a.example", parameter=PARAMETER, key=KEY),
            "ssm:GetParameters",
            PARAMETER,
            {
                "kms:ViaService": "ssm.us-east-1.amazonaws.com",
                "kms:EncryptionContext:PARAMETER_ARN": PARAMETER,
            },
        ),
    ],
    ids=["secret", "parameter"],
)
def test_a_customer_managed_key_decrypts_only_its_password(
    registry: StaticRegistry, action: str, stored: str, context: dict[str, str]
) -> None:
    read, decrypt = of_registries(registry)
    assert (read["Action"], read["Resource"]) == ([action], [stored])
    assert (decrypt["Action"], decrypt["Resource"]) == (["kms:Decrypt"], [KEY])
    assert decrypt["Condition"] == {"StringEquals": context}


def test_several_secrets_need_a_batch_call_and_a_permission_for_each() -> None:
    another = f"{SECRET}-2"
    secrets, batch = of_registries(
        StaticRegistry("a", "a.example", secret=SECRET), StaticRegistry("b", "b.example", secret=another)
    )
    assert (secrets["Action"], secrets["Resource"]) == (
        ["secretsmanager:GetSecretValue"],
        [SECRET, another],
    )
    assert (batch["Action"], batch["Resource"]) == (["secretsmanager:BatchGetSecretValue"], ["*"])


def test_the_policies_that_owners_of_other_accounts_must_add() -> None:
    environment = AwsEnvironment("123456789012", "eu-west-1")
    team, shared, *_ = sandbox_registries()
    own = EcrRegistry("own", account="123456789012", region="us-east-1")
    central = EcrRegistry("central", "210987654321", "us-east-1", caches=("hub",))
    a, b = (f"arn:aws:iam::123456789012:role/{name}" for name in "ab")
    policies = required_policies({b: [team, shared], a: [shared, own, central]}, environment)
    assert policies == {
        "shared": owner_policy([b, a]),
        "central": owner_policy([a]),
        "central/registry": owner_registry_policy(
            [a], ["arn:aws:ecr:us-east-1:210987654321:repository/hub/*"]
        ),
    }


def test_images_are_imported_through_a_cache_of_another_account() -> None:
    arn = "arn:aws:ecr:us-east-1:210987654321:repository"
    central = EcrRegistry(
        "central",
        "210987654321",
        "us-east-1",
        caches=("hub", "quay"),
        repositories={name: Repository(name) for name in ("own/tools", "hub/library/redis")},
    )
    by_sid = {each["Sid"]: each for each in of_registries(central)}
    assert by_sid["EcrPull"]["Resource"] == [f"{arn}/hub/library/redis", f"{arn}/own/tools", f"{arn}/quay/*"]
    assert by_sid["EcrPullThrough"]["Resource"] == [f"{arn}/hub/library/redis", f"{arn}/quay/*"]
    held = ("own/tools", "hub/library/redis", "quay/a/b", "hub/library/nginx", "other", "quay")
    assert [central.may_hold(each) for each in held] == [True, True, True, False, False, False]


def test_only_the_ecr_token_is_allowed_on_all_resources() -> None:
    on_all_resources = [
        statement
        for statement in policy(registries=[*sandbox_registries(), PARTNER])["Statement"]
        if any("*" in resource for resource in statement["Resource"])
    ]
    assert [statement["Action"] for statement in on_all_resources] == [["ecr:GetAuthorizationToken"]]


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")]
)
def test_repositories_follow_the_partition(region: str, partition: str) -> None:
    environment = AwsEnvironment("123456789012", region, partition)
    statements = policy(registries=sandbox_registries(environment), environment=environment)["Statement"]
    (repositories,) = (each["Resource"] for each in statements if each["Sid"] == "EcrPull")
    assert [arn.split(":")[1] for arn in repositories] == [partition] * 3
    assert f"arn:{partition}:ecr:{region}:123456789012:repository/ci/base" in repositories


def test_the_order_of_the_declaration_does_not_change_the_policy() -> None:
    registries = [*sandbox_registries(), PARTNER, OWN, PullThroughRegistry("quay", "quay")]
    forward = policy(registries=registries)
    backward = policy(registries=registries[::-1], parameter_arns=[PASSWORD, TOKEN])
    assert json.dumps(forward) == json.dumps(backward)


def test_each_statement_has_its_name() -> None:
    assert [each["Sid"] for each in json.loads(EVERYTHING)["Statement"]] == [
        *("EcrToken", "EcrPull", "EcrPullThrough", "EcrPublicToken"),
        *("RegistrySecrets", "RegistryParameters", "RegistryKey1", "RegistryKey2"),
        *("HostFiles", "HostParameters", "HostLifecycle", "SessionAgent", "SessionManager"),
        *("HostLogs", "HostHealth", "FleetSize", "FleetInstances", "FleetLogin"),
        *("CacheObjects", "CacheMisses", "CacheKey", "HostParametersKey"),
    ]


def test_only_ec2_assumes_the_role() -> None:
    assert json.loads(ec2_trust_policy()) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }


def test_the_pull_actions_are_those_of_aws_pull_only_policy_and_the_layer_check() -> None:
    assert set(PULL_ACTIONS) == {
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchCheckLayerAvailability",
    }
