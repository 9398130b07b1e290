"""CI variables that are kept fresh: the problems and the warnings of a declaration."""

from dataclasses import replace
from typing import Any

import pytest
from pulumi_gitlab_runner.spec import Problem, parse_stack
from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope
from pulumi_gitlab_runner.spec.hosted_auth import HostedAuth, keeps_secrets
from pulumi_gitlab_runner.spec.observation import Logs
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret
from pulumi_gitlab_runner.spec.variable_warnings import variable_warnings
from pulumi_gitlab_runner.spec.variables import Variable

from tests.spec.declaration import declaration, output, problems_of

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/gitlab-AbCdEf"
GOOD: dict[str, Any] = {
    "registries": ["team", "shared", "legacy"],
    "projects": [8],
    "gitlab_token": {"secret": SECRET},
}


def with_auth(**changes: Any) -> dict[str, Any]:
    """The good declaration with a variable that is kept fresh; keys with None are left out."""
    auth = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    declared = declaration() | {"hosted_auth": {"ecr": auth}}
    declared["registries"]["own"] = {"host": "registry.gitlab.example", "gitlab": {}}
    declared["registries"]["google"] = {"host": "gcr.io", "helper": "/opt/bin/docker-credential-gcr"}
    return declared


def problem(**changes: Any) -> Problem:
    """The only problem."""
    (found,) = problems_of(with_auth(**changes))
    return found


def test_a_good_declaration_gets_the_defaults() -> None:
    assert problems_of(with_auth()) == []
    auth = parse_stack(with_auth(groups=[42])).hosted_auth["ecr"]
    assert auth.scopes == (GitLabScope("project", 8), GitLabScope("group", 42))
    assert (auth.key, auth.every, auth.protected) == ("DOCKER_AUTH_CONFIG", 6, False)
    assert (auth.token, auth.logs, auth.alarm_topic) == (StoredSecret(secret=SECRET), Logs(30), None)
    assert (auth.environment_scope, auth.permissions_boundary, auth.role_path) == ("*", None, "/")
    assert auth.own_token is None


def test_everything_declared() -> None:
    topic, boundary = "arn:aws:sns:eu-west-1:123456789012:alarms", "arn:aws:iam::123456789012:policy/b"
    parameter, key = (
        "arn:aws:ssm:eu-west-1:123456789012:parameter/t",
        "arn:aws:kms:eu-west-1:123456789012:key/0a",
    )
    auth = parse_stack(
        with_auth(
            gitlab_token={"parameter": parameter, "key": key},
            key="AUTH",
            protected=True,
            environment_scope="prod",
            every=1,
            alarms={"topic": topic},
            logs={"retention_days": 7},
            permissions_boundary=boundary,
            role_path="/ci/",
        )
    ).hosted_auth["ecr"]
    assert auth == HostedAuth(
        name="ecr",
        registries=("team", "shared", "legacy"),
        scopes=(GitLabScope("project", 8),),
        token=StoredSecret(parameter=parameter, key=key),
        key="AUTH",
        protected=True,
        environment_scope="prod",
        every=1,
        alarm_topic=topic,
        logs=Logs(7),
        permissions_boundary=boundary,
        role_path="/ci/",
    )


def test_each_project_and_group_has_the_variable() -> None:
    variable = Variable(
        scope=GitLabScope("project", 8),
        key="DOCKER_AUTH_CONFIG",
        docker_auth=("team", "shared", "legacy"),
        masked=True,
        hidden=False,
        protected=False,
        raw=True,
        file=False,
        environment_scope="*",
        description=None,
    )
    auth = parse_stack(with_auth(groups=[42])).hosted_auth["ecr"]
    assert auth.variables == (variable, replace(variable, scope=GitLabScope("group", 42)))


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, True),
        ({"registries": ["team", "shared"]}, False),
        ({"registries": ["team"], "gitlab_token": {"value": "glpat-x"}}, True),
        ({"registries": ["team", "vault"]}, False),
    ],
)
def test_whether_the_stack_keeps_a_secret_for_the_variable(changes: dict[str, Any], *, kept: bool) -> None:
    stack = parse_stack(with_auth(**changes))
    assert keeps_secrets(stack.hosted_auth["ecr"], stack.registries) is kept


def test_a_token_may_be_known_later() -> None:
    stack = parse_stack(with_auth(gitlab_token={"value": output()}))
    assert stack.hosted_auth["ecr"].token is None


@pytest.mark.parametrize("hours", [0, 11])
def test_a_variable_must_be_renewed_well_before_its_passwords_expire(hours: int) -> None:
    found = problem(every=hours)
    assert (found.path, found.allowed) == ("stack.hosted_auth.ecr.every", "1 to 10 hours")
    assert problems_of(with_auth(every=1)) == problems_of(with_auth(every=10)) == []


@pytest.mark.parametrize(
    ("changes", "path", "found", "fix"),
    [
        (
            {"registries": ["legacy"]},
            "registries",
            "legacy",
            "declare a fixed password under `variables`, with docker_auth: it needs no renewal",
        ),
        ({"registries": []}, "registries", "no registry", ""),
        (
            {"registries": ["team", "tem"]},
            "registries[1]",
            "'tem', which is not a declared registry",
            "did you mean 'team'?",
        ),
        (
            {"registries": ["team", "own"]},
            "registries[1]",
            "'own', GitLab's registry with the job's own credentials",
            "every job has these credentials; for images of other projects, declare a deploy_token",
        ),
        (
            {"registries": ["team", "google"]},
            "registries[1]",
            "'google', whose password comes from its credential helper",
            "its passwords expire: use a runner of this stack, whose host runs the helper",
        ),
        ({"gitlab_token": {"secret": SECRET, "value": "glpat-x"}}, "gitlab_token", "secret, value", ""),
        ({"gitlab_token": {}}, "gitlab_token", "neither", ""),
        ({"gitlab_token": {"parameter": "/ci/token"}}, "gitlab_token.parameter", "text", ""),
        ({"projects": None}, "", "neither projects nor groups", ""),
        (
            {"projects": [8, 8]},
            "projects",
            "project 8 more than once",
            "",
        ),
        ({"projects": [0]}, "projects", "0", ""),
        ({"groups": [0]}, "groups", "0", ""),
        ({"groups": [42, 42]}, "groups", "group 42 more than once", ""),
        ({"key": "DOCKER-AUTH"}, "key", "'DOCKER-AUTH'", ""),
        ({"environment_scope": " prod"}, "environment_scope", "' prod'", ""),
        ({"alarms": {"topic": "ci"}}, "alarms.topic", "'ci'", ""),
        ({"logs": {"retention_days": 2}}, "logs.retention_days", "2", ""),
        ({"role_path": "ci"}, "role_path", "'ci'", ""),
    ],
)
def test_each_problem_is_reported(changes: dict[str, Any], path: str, found: str, fix: str) -> None:
    reported = {(each.path, each.found, each.fix) for each in problems_of(with_auth(**changes))}
    place = "stack.hosted_auth.ecr" + (f".{path}" if path else "")
    assert reported == {(place, found, fix)}


def test_a_token_of_the_wrong_shape_is_not_shown() -> None:
    assert "glpat-canary" not in str(problem(gitlab_token="glpat-canary"))
    assert "glpat-canary" not in str(problem(gitlab_token={"value": ["glpat-canary"]}))


def test_one_variable_has_one_writer() -> None:
    assert problem(projects=[7]).found == "DOCKER_AUTH_CONFIG of project 7, which variables[0] also declares"
    declared = with_auth()
    declared["hosted_auth"]["again"] = declared["hosted_auth"]["ecr"]
    (found,) = problems_of(declared)
    assert found.path == "stack.hosted_auth.again"
    assert found.found == "DOCKER_AUTH_CONFIG of project 8, which hosted_auth.ecr also declares"


def test_a_variable_for_protected_branches_only_gives_a_warning() -> None:
    assert list(variable_warnings(parse_stack(with_auth()))) == []
    (reported,) = variable_warnings(parse_stack(with_auth(protected=True)))
    assert reported.path == "stack.hosted_auth.ecr.protected"


def test_a_variable_that_hides_a_runners_own_credentials_gives_a_warning() -> None:
    reported = list(variable_warnings(parse_stack(with_auth(groups=[42], registries=["team", "vault"]))))
    assert [each.path for each in reported] == ["stack.hosted_auth.ecr.registries"] * 2
    assert "jobs on the runner 'build' pull from team with these credentials" in reported[0].found
    assert "can read the password of vault, which none of its runners here uses" in reported[1].found


def test_a_name_that_a_resource_of_another_variable_has_is_refused() -> None:
    declared = with_auth()
    other = declared["hosted_auth"]["ecr"] | {"key": "OTHER"}
    declared["hosted_auth"] |= {"ecr-schedule": other}
    (found,) = problems_of(declared)
    assert (found.path, found.found, found.allowed) == (
        "stack.hosted_auth.ecr-schedule",
        "'ecr-schedule', which is also the name of a resource of stack.hosted_auth.ecr",
        "another name than that of 'ecr' with '-schedule'",
    )
    declared["hosted_auth"]["schedule-of-ecr"] = declared["hosted_auth"].pop("ecr-schedule")
    assert problems_of(declared) == []
