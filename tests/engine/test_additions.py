"""A stack that gains registries of every kind, their settings, credentials of hosted runners, and a job role.

One update creates all of it as declared, a second one changes nothing, and another one deletes it.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import yaml

from tests.engine.canaries import CANARIES, PASSWORD, kinds_in, written_forms
from tests.engine.project import Project
from tests.engine.test_changes import files_of_the_host

pytestmark = pytest.mark.engine

ECR_HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
UPSTREAM_TOKEN = "a-token-of-docker-hub"
REGISTRIES: dict[str, Any] = {
    "quay": {"pull_through": "quay"},
    "hub": {
        "pull_through": "docker-hub",
        "upstream_credentials": {"username": "me", "access_token": UPSTREAM_TOKEN},
    },
    "gallery": {"ecr_public": {}},
    "own": {"host": "registry.gitlab.com", "gitlab": {}},
    "other": {
        "host": "own.example/team",
        "static": {"parameter": "arn:aws:ssm:eu-west-1:123456789012:parameter/ci/own"},
    },
    "google": {"host": "gcr.io", "helper": "/usr/bin/docker-credential-gcr"},
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
OTHER = "210987654321"
SETTINGS: dict[str, Any] = {
    "eu-west-1": {
        "replicate_to": [
            {"region": "us-east-1", "prefixes": ["ci/", "team/"]},
            {"region": "eu-west-1", "account": OTHER},
        ],
        "scanning": {"enhanced": True, "continuous": ["team/*"]},
    },
    "us-east-1": {
        "replicate_from": [{"account": OTHER, "prefixes": ["team/"]}],
        "creation_templates": {
            "ci": {"keep": [{"tags": ["mr-*"], "days": 14}], "allow_pull": [OTHER]},
            "ROOT": {"kms_key": KEY, "mutable_tags": ["latest"], "tags": {"team": "ci"}},
        },
    },
}
ISSUER = "https://gitlab.example.com"
AUTH: dict[str, Any] = {
    "registries": ["team", "legacy"],
    "projects": [8],
    "groups": [43],
    "gitlab_token": {},
    "alarms": {"topic": "arn:aws:sns:eu-west-1:123456789012:ci-alarms"},
}
TOKEN_PATH = "gitlab-runner:stack.hosted_auth.ecr.gitlab_token.value"
ROLE: dict[str, Any] = {
    "projects": ["team/app"],
    "branches": ["main"],
    "push": ["team/private/image"],
    "issuer": ISSUER,
}


@pytest.fixture(scope="module")
def up(project: Project) -> Iterator[Project]:
    """The stack with all of it; removed at the end."""
    before = resources(project)
    with ExitStack() as declared:
        for name, registry in REGISTRIES.items():
            declared.enter_context(project.declaring(f"registries/{name}", registry))
        used = ["team", "shared", "legacy", *REGISTRIES]
        declared.enter_context(project.declaring("runners/build/registries", used))
        declared.enter_context(project.declaring("ecr_settings", SETTINGS))
        declared.enter_context(project.declaring("hosted_auth", {"ecr": AUTH}))
        declared.enter_context(project.declaring("job_roles", {"publish": ROLE}))
        token = CANARIES["GitLab token of hosted runners"]
        project.pulumi("config", "set", "--secret", "--path", TOKEN_PATH, token)
        project.up()
        yield project
    project.up()
    assert resources(project) == before
    assert project.aws("ecr").describe_pull_through_cache_rules()["pullThroughCacheRules"] == []
    assert project.aws("ecr").describe_registry()["replicationConfiguration"]["rules"] == []
    east = project.aws("ecr", "us-east-1")
    assert east.describe_repository_creation_templates()["repositoryCreationTemplates"] == []


def resources(project: Project) -> dict[str, Any]:
    """Everything in AWS and GitLab, without the number of versions of objects in S3."""
    found = project.snapshot()
    return found | {"aws": found["aws"] | {"object": set(found["aws"]["object"])}}


def test_a_second_update_changes_nothing(up: Project) -> None:
    assert up.up("--refresh") == set()


def test_each_pull_through_cache_has_its_rule(up: Project) -> None:
    found = up.aws("ecr").describe_pull_through_cache_rules()["pullThroughCacheRules"]
    rules = {rule["ecrRepositoryPrefix"]: rule for rule in found}
    assert {prefix: rule["upstreamRegistryUrl"] for prefix, rule in rules.items()} == {
        "quay": "quay.io",
        "hub": "registry-1.docker.io",
    }
    assert up.outputs()["registries"]["quay"]["host"] == f"{ECR_HOST}/quay"


def test_ecr_logs_in_with_the_declared_credentials(up: Project) -> None:
    found = up.aws("ecr").describe_pull_through_cache_rules(ecrRepositoryPrefixes=["hub"])
    (rule,) = found["pullThroughCacheRules"]
    secret = up.aws("secretsmanager").get_secret_value(SecretId=rule["credentialArn"])
    assert secret["Name"].startswith("ecr-pullthroughcache/ci-hub-")
    assert json.loads(secret["SecretString"]) == {"username": "me", "accessToken": UPSTREAM_TOKEN}
    assert UPSTREAM_TOKEN not in up.pulumi("stack", "export").stdout


def test_the_host_has_the_source_of_each_registrys_credentials(up: Project) -> None:
    files = files_of_the_host(up)
    assert "own.example/team parameter eu-west-1 arn:aws:ssm" in files
    assert "gcr.io helper /usr/bin/docker-credential-gcr" in files
    assert "registry.gitlab.com" not in files


def test_the_outputs_have_the_policy_that_the_other_account_must_add(up: Project) -> None:
    policies = up.outputs()["required_policies"]
    assert list(policies) == ["shared"]
    assert "arn:aws:iam::123456789012:role/ci-build-" in policies["shared"]


def test_images_are_replicated_as_declared(up: Project) -> None:
    rules = up.aws("ecr").describe_registry()["replicationConfiguration"]["rules"]
    destinations = [[(each["region"], each["registryId"]) for each in rule["destinations"]] for rule in rules]
    assert destinations == [[("us-east-1", "123456789012")], [("eu-west-1", OTHER)]]


def test_images_are_scanned_as_declared(up: Project) -> None:
    scanning = up.aws("ecr").get_registry_scanning_configuration()["scanningConfiguration"]
    assert scanning["scanType"] == "ENHANCED"
    filters = {
        rule["scanFrequency"]: [each["filter"] for each in rule["repositoryFilters"]]
        for rule in scanning["rules"]
    }
    assert filters == {"SCAN_ON_PUSH": ["*"], "CONTINUOUS_SCAN": ["team/*"]}


def test_ecr_creates_repositories_as_declared(up: Project) -> None:
    found = up.aws("ecr", "us-east-1").describe_repository_creation_templates()
    templates = {each["prefix"]: each for each in found["repositoryCreationTemplates"]}
    assert templates.keys() == {"ci", "ROOT"}
    assert templates["ci"]["imageTagMutability"] == "MUTABLE"
    assert "mr-*" in templates["ci"]["lifecyclePolicy"]
    assert OTHER in templates["ci"]["repositoryPolicy"]
    assert templates["ROOT"]["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert templates["ROOT"]["encryptionConfiguration"]["kmsKey"] == KEY
    assert templates["ROOT"]["resourceTags"] == [{"Key": "team", "Value": "ci"}]
    assert ":role/ci-us-east-1-creation-templates-" in templates["ROOT"]["customRoleArn"]


def test_another_account_may_replicate_to_this_registry(up: Project) -> None:
    policy = up.aws("ecr", "us-east-1").get_registry_policy()["policyText"]
    assert "arn:aws:ecr:us-east-1:123456789012:repository/team/*" in policy


def variables(project: Project, scope: str) -> list[dict[str, Any]]:
    return project.gitlab("GET", f"{scope}/variables")


def test_the_variables_exist_after_the_update(up: Project) -> None:
    for scope in ("projects/8", "groups/43"):
        (made,) = variables(up, scope)
        assert (made["key"], made["masked"], made["raw"]) == ("DOCKER_AUTH_CONFIG", True, True)
        auths = json.loads(made["value"])["auths"]
        decoded = {host: base64.b64decode(each["auth"]).decode() for host, each in auths.items()}
        assert decoded == {
            ECR_HOST: "AWS:123456789012-auth-token",
            "registry.example.com:5000": f"my_username:{PASSWORD}",
        }


def test_the_renewal_has_a_schedule_and_alarms(up: Project) -> None:
    (schedule,) = up.aws("scheduler").list_schedules()["Schedules"]
    found = up.aws("scheduler").get_schedule(Name=schedule["Name"])
    assert found["ScheduleExpression"] == "rate(6 hours)"
    (function,) = up.aws("lambda").list_functions()["Functions"]
    assert found["Target"]["Arn"] == function["FunctionArn"]
    names = {
        each["AlarmName"].rpartition("-")[0]
        for each in up.aws("cloudwatch").describe_alarms()["MetricAlarms"]
    }
    assert {"ci-ecr-failed", "ci-ecr-stale"} <= names


def test_no_secret_of_hosted_runners_is_visible(up: Project) -> None:
    (function,) = up.aws("lambda").list_functions()["Functions"]
    group = "/gitlab-runner/tested/hosted-auth/ecr"
    assert function["LoggingConfig"]["LogGroup"] == group
    events = up.aws("logs").filter_log_events(logGroupName=group)["events"]
    assert any("renewed: project 8" in each["message"] for each in events)
    (schedule,) = up.aws("scheduler").list_schedules()["Schedules"]
    input_of_the_function = up.aws("scheduler").get_schedule(Name=schedule["Name"])["Target"]["Input"]
    state = up.pulumi("stack", "export").stdout
    text = state + json.dumps([events, function, input_of_the_function]) + up.printed
    assert not any(form in text for form in written_forms("123456789012-auth-token"))
    files = [file for file in up.sandbox.directory.rglob("*") if file.is_file()]
    assert kinds_in(text) == []
    assert [file for file in files if kinds_in(file.read_text(errors="replace"))] == []


def test_a_job_gets_the_role_and_the_settings_to_push(up: Project) -> None:
    output = up.outputs()["job_roles"]["publish"]
    (role,) = (each for each in up.aws("iam").list_roles()["Roles"] if each["Arn"] == output["arn"])
    condition = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
    assert condition == {
        "StringEquals": {"gitlab.example.com:aud": ISSUER},
        "StringLike": {"gitlab.example.com:sub": ["project_path:team/app:ref_type:branch:ref:main"]},
    }
    job = yaml.safe_load(output["snippet"])[".publish"]
    assert job["variables"]["AWS_ROLE_ARN"] == output["arn"]
    assert job["before_script"][-1].endswith(ECR_HOST)
