"""Credentials for hosted runners and roles for jobs: the resources of the components."""

import json
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_gitlab_runner import HostedRunnerAuth, JobRole, RunnerStack
from pulumi_gitlab_runner.iam.pull import owner_policy

from tests.components.recording import ACCOUNT, REGION, Recording, Registered, run

HOST = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
SHARED_HOST = "210987654321.dkr.ecr.us-east-1.amazonaws.com"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ci-alarms"
TOKEN = "glpat-canary-of-the-token"
PASSWORD = "canary-of-the-password"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/the-key"
REGISTRIES: dict[str, Any] = {
    "team": {"ecr": {}, "repositories": ["private/image", "ci/base"]},
    "shared": {"ecr": {"account": "210987654321", "region": "us-east-1"}, "repositories": ["c/d"]},
    "gallery": {"ecr_public": {}},
    "legacy": {"host": "legacy.example", "static": {"username": "me", "password": PASSWORD}},
}
AUTH: dict[str, Any] = {
    "registries": ["team", "shared", "legacy"],
    "projects": [7],
    "groups": [42],
    "gitlab_token": {"value": TOKEN},
    "alarms": {"topic": TOPIC},
    "every": 4,
    "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "role_path": "/ci/",
}
ROLE: dict[str, Any] = {
    "projects": ["team/app"],
    "tags": ["v*"],
    "push": ["team/private/image"],
    "registries": ["gallery", "shared"],
}


def args(**changes: Any) -> dict[str, Any]:
    given = {
        "auth": AUTH,
        "registries": REGISTRIES,
        "gitlab_url": "https://gitlab.example.com",
        "key_arn": KEY,
    }
    return {**given, **changes}


def record_auth(**changes: Any) -> Recording:
    recording, _ = run(lambda: HostedRunnerAuth("ecr", args(**changes)))  # type: ignore[arg-type]
    return recording


def of_type(recording: Recording, kind: str) -> dict[str, Registered]:
    return {name: each for (token, name), each in recording.registered.items() if token.endswith(f":{kind}")}


def test_all_resources_are_children_of_the_component() -> None:
    registered = record_auth().registered
    parents = {each.parent for key, each in registered.items() if "gitlab-runner:" not in key[0]}
    assert parents == {"gitlab-runner:index:HostedRunnerAuth::ecr"}
    kinds = sorted(token.rpartition(":")[2] for token, _ in registered)
    assert kinds == sorted(
        [
            *("HostedRunnerAuth", "Function", "LogGroup", "Schedule"),
            *("Role", "Role", "RolePolicy", "RolePolicy", "RolePolicy", "Parameter", "Parameter"),
            *("Invocation", "Invocation", "MetricAlarm", "MetricAlarm"),
        ]
    )


def test_the_function_contains_its_handler_and_its_configuration() -> None:
    (function,) = of_type(record_auth(), "Function").values()
    files = function.inputs["code"]["assets"]
    module, _, name = function.inputs["handler"].rpartition(".")
    assert f"def {name}(" in files[module.replace(".", "/") + ".py"]["text"]
    configuration = json.loads(files["renewal/configuration.json"]["text"])
    assert configuration["gitlab_url"] == "https://gitlab.example.com"
    assert configuration["registries"].keys() == {
        HOST,
        SHARED_HOST,
        "legacy.example",
    }
    (logs,) = of_type(record_auth(), "LogGroup").values()
    assert function.inputs["loggingConfig"]["logGroup"] == logs.inputs["name"]
    assert (logs.inputs["name"], logs.inputs["retentionInDays"]) == (
        "/gitlab-runner/sandbox/hosted-auth/ecr",
        30,
    )


def test_secrets_are_only_in_parameters() -> None:
    registered = record_auth().registered
    with_secrets = {
        key: each
        for key, each in registered.items()
        if TOKEN in str(each.inputs) or PASSWORD in str(each.inputs)
    }
    assert {name for _, name in with_secrets} == {"ecr-token", "ecr-registry-legacy"}
    for each in with_secrets.values():
        assert (each.inputs["type"], each.inputs["keyId"]) == ("SecureString", KEY)
        assert "value" in each.secrets


def test_the_role_of_the_function_reads_only_its_parameters() -> None:
    policies = of_type(record_auth(), "RolePolicy")
    statements = {each["Sid"]: each for each in json.loads(policies["ecr"].inputs["policy"])["Statement"]}
    (own,) = statements["OwnParameters"]["Resource"]
    assert own.endswith("*")
    prefix = own.partition(":parameter")[2].removesuffix("*")
    names = [each.inputs["name"] for each in of_type(record_auth(), "Parameter").values()]
    assert len(names) == 2
    assert all(name.startswith(prefix) for name in names)
    (decrypt,) = json.loads(policies["ecr.key"].inputs["policy"])["Statement"]
    assert (decrypt["Sid"], decrypt["Resource"]) == ("OwnParametersKey", [KEY])
    assert "GitLabTokenSecrets" not in statements


def test_a_token_in_secrets_manager_needs_no_parameter_and_no_key() -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/gitlab-AbCdEf"
    auth = {**AUTH, "registries": ["team"], "gitlab_token": {"secret": secret}}
    given = args(auth=auth)
    del given["key_arn"]
    recording, _ = run(lambda: HostedRunnerAuth("ecr", given))  # type: ignore[arg-type]
    assert of_type(recording, "Parameter") == {}
    policy = of_type(recording, "RolePolicy")["ecr"].inputs["policy"]
    assert secret in policy


def test_a_secret_without_a_key_is_refused() -> None:
    given = args()
    del given["key_arn"]
    with pytest.raises(pulumi.RunError, match=r"ecr\.key_arn\n  found:   a token or password, and no key"):
        run(lambda: HostedRunnerAuth("ecr", given))  # type: ignore[arg-type]


def test_each_variable_has_a_resource_that_renews_and_removes_it() -> None:
    invocations = of_type(record_auth(auth={**AUTH, "environment_scope": "prod"}), "Invocation")
    assert invocations.keys() == {
        "ecr-project-7-DOCKER_AUTH_CONFIG-prod",
        "ecr-group-42-DOCKER_AUTH_CONFIG-prod",
    }
    for each in invocations.values():
        assert each.inputs["lifecycleScope"] == "CRUD"
        assert "triggers" not in each.inputs
    variable = json.loads(invocations["ecr-group-42-DOCKER_AUTH_CONFIG-prod"].inputs["input"])["variable"]
    assert variable == {
        "scope": "group 42",
        "key": "DOCKER_AUTH_CONFIG",
        "environment_scope": "prod",
        "protected": False,
    }


def test_a_schedule_runs_the_function_with_a_separate_role() -> None:
    recording = record_auth()
    (schedule,) = of_type(recording, "Schedule").values()
    assert schedule.inputs["scheduleExpression"] == "rate(4 hours)"
    assert schedule.inputs["target"]["arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ecr-0a1b2c3"
    assert schedule.inputs["target"]["roleArn"] == f"arn:aws:iam::{ACCOUNT}:role/ci/ecr-schedule-0a1b2c3"
    assert all(
        (each.inputs["path"], each.inputs["permissionsBoundary"]) == ("/ci/", AUTH["permissions_boundary"])
        for each in of_type(recording, "Role").values()
    )
    (hourly,) = of_type(record_auth(auth={**AUTH, "every": 1}), "Schedule").values()
    assert hourly.inputs["scheduleExpression"] == "rate(1 hour)"


def test_alarms_report_failures_and_missing_renewals() -> None:
    alarms = of_type(record_auth(), "MetricAlarm")
    failed, stale = alarms["ecr-failed"].inputs, alarms["ecr-stale"].inputs
    assert (failed["metricName"], failed["dimensions"]) == ("Errors", {"FunctionName": "ecr-0a1b2c3"})
    assert failed["treatMissingData"] == "notBreaching"
    (function,) = of_type(record_auth(), "Function").values()
    configuration = json.loads(function.inputs["code"]["assets"]["renewal/configuration.json"]["text"])
    assert stale["dimensions"] == {"Renewal": configuration["mark"]}
    assert (stale["period"] * stale["evaluationPeriods"], stale["treatMissingData"]) == (
        5 * 3600,
        "breaching",
    )
    assert failed["alarmActions"] == stale["alarmActions"] == [TOPIC]
    assert of_type(record_auth(auth={k: v for k, v in AUTH.items() if k != "alarms"}), "MetricAlarm") == {}


def test_a_role_for_jobs_creates_an_identity_provider_by_default() -> None:
    recording, snippet = run(
        lambda: JobRole("publish", {"role": ROLE, "registries": REGISTRIES}).snippet  # type: ignore[typeddict-item]
    )
    (provider,) = of_type(recording, "OpenIdConnectProvider").values()
    assert provider.inputs == {"url": "https://gitlab.com", "clientIdLists": ["https://gitlab.com"]}
    (role,) = of_type(recording, "Role").values()
    assert "gitlab.com:sub" in role.inputs["assumeRolePolicy"]
    job = yaml.safe_load(snippet)[".publish"]
    assert job["id_tokens"]["AWS_ID_TOKEN"]["aud"] == "https://gitlab.com"
    log_in = "docker login --username AWS --password-stdin"
    assert job["before_script"][2:] == [
        f"aws ecr get-login-password --region eu-west-1 | {log_in} {HOST}",
        f"aws ecr get-login-password --region us-east-1 | {log_in} {SHARED_HOST}",
        f"aws ecr-public get-login-password --region us-east-1 | {log_in} public.ecr.aws",
    ]


def test_a_role_for_jobs_uses_a_given_identity_provider() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/git.example.com"
    role = {**ROLE, "identity_provider": arn, "audience": "sts.amazonaws.com"}
    recording, _ = run(lambda: JobRole("publish", {"role": role, "registries": REGISTRIES}))  # type: ignore[typeddict-item]
    assert of_type(recording, "OpenIdConnectProvider") == {}
    (created,) = of_type(recording, "Role").values()
    (statement,) = json.loads(created.inputs["assumeRolePolicy"])["Statement"]
    assert statement["Condition"]["StringEquals"] == {"git.example.com:aud": "sts.amazonaws.com"}


def test_a_stack_creates_hosted_auth_and_job_roles() -> None:
    declared: dict[str, Any] = {
        "gitlab_url": "https://gitlab.example.com",
        "registries": REGISTRIES,
        "hosted_auth": {"ecr": AUTH},
        "job_roles": {"publish": ROLE, "other": {**ROLE, "audience": "aws"}},
    }
    stack: list[RunnerStack] = []

    def program() -> Any:
        stack.append(RunnerStack("ci", declared))  # type: ignore[arg-type]
        return pulumi.Output.all(stack[0].job_roles, stack[0].variables, stack[0].required_policies)

    recording, (job_roles, variables, policies) = run(program)
    (provider,) = of_type(recording, "OpenIdConnectProvider").values()
    assert provider.inputs["clientIdLists"] == ["aws", "https://gitlab.example.com"]
    # The stack has no runner, but stores secrets.
    assert len(of_type(recording, "HostStore")) == 1
    assert job_roles.keys() == {"publish", "other"}
    assert "AWS_ROLE_ARN" in job_roles["other"]["snippet"]
    common = {"key": "DOCKER_AUTH_CONFIG", "masked": True, "protected": False}
    assert variables == [{"scope": scope, **common} for scope in ("project 7", "group 42")]
    roles = [f"arn:of:aws:iam/role:Role:ci-{name}" for name in ("ecr", "other", "publish")]
    assert policies["shared"] == owner_policy(roles)


def test_a_single_component_refuses_what_is_of_another_region_or_account() -> None:
    topic = {**AUTH, "alarms": {"topic": TOPIC.replace("eu-west-1", "us-east-1")}}
    with pytest.raises(pulumi.RunError, match=r"alarms\.topic\n  found:   a topic in us-east-1"):
        record_auth(auth=topic)
    role = {**ROLE, "permissions_boundary": "arn:aws:iam::210987654321:policy/boundary"}
    with pytest.raises(pulumi.RunError, match="found:   a policy of the account 210987654321"):
        run(lambda: JobRole("publish", {"role": role, "registries": REGISTRIES}))  # type: ignore[typeddict-item]
