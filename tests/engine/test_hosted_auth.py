"""Credentials for hosted runners and roles for jobs: made and run as declared, steady, and gone again."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.engine.canaries import CANARIES, PASSWORD, kinds_in, written_forms
from tests.engine.project import Project

pytestmark = pytest.mark.engine

ISSUER = "https://gitlab.example.com"
ECR_HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
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
    """The stack with both; in the end, without them."""
    before = project.what_there_is()
    with project.declaring("hosted_auth", {"ecr": AUTH}), project.declaring("job_roles", {"publish": ROLE}):
        token = CANARIES["GitLab token of hosted runners"]
        project.pulumi("config", "set", "--secret", "--path", TOKEN_PATH, token)
        project.up()
        yield project
    project.up()
    assert project.what_there_is() == before


def variables(project: Project, scope: str) -> list[dict[str, Any]]:
    return project.gitlab("GET", f"{scope}/variables")


def test_the_variables_are_there_when_it_is_up(up: Project) -> None:
    for scope in ("projects/8", "groups/43"):
        (made,) = variables(up, scope)
        assert (made["key"], made["masked"], made["raw"]) == ("DOCKER_AUTH_CONFIG", True, True)
        auths = json.loads(made["value"])["auths"]
        decoded = {host: base64.b64decode(each["auth"]).decode() for host, each in auths.items()}
        assert decoded == {
            ECR_HOST: "AWS:123456789012-auth-token",
            "registry.example.com:5000": f"my_username:{PASSWORD}",
        }


def test_it_runs_by_a_schedule_and_is_watched(up: Project) -> None:
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


def test_no_secret_is_to_be_seen(up: Project) -> None:
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


def test_a_job_has_what_it_needs_to_push(up: Project) -> None:
    told = up.outputs()["job_roles"]["publish"]
    (role,) = (each for each in up.aws("iam").list_roles()["Roles"] if each["Arn"] == told["arn"])
    condition = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
    assert condition == {
        "StringEquals": {"gitlab.example.com:aud": ISSUER},
        "StringLike": {"gitlab.example.com:sub": ["project_path:team/app:ref_type:branch:ref:main"]},
    }
    job = yaml.safe_load(told["snippet"])[".publish"]
    assert job["variables"]["AWS_ROLE_ARN"] == told["arn"]
    assert job["before_script"][-1].endswith(ECR_HOST)


def test_they_stay_as_they_are(up: Project) -> None:
    assert up.changes() == set()
    assert up.refresh() == set()
