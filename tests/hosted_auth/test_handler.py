"""The function that renews CI variables: what it writes, and what it does when something fails."""

import base64
import json
import ssl
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from pulumi_gitlab_runner.auth.docker_config import docker_auth_config

from sandbox.services.gitlab.state import Variable
from tests.authorities import authority, pem
from tests.hosted_auth.conftest import ECR_HOST, PASSWORD, REGION, Function, variable
from tests.hosted_auth.gitlab_server import TOKEN, GitLabServer, gitlab_server

MARK = "Kept fresh by ci/dev/hosted-auth/ecr"
ALL = ["project 7", "project 8", "group 42"]
ECR_PASSWORD = "123456789012-auth-token"


Refuse = Callable[[int], None]


@pytest.fixture
def refuse_ecr(function: Function, monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Make ECR refuse a number of requests."""
    boto3 = function.module.auth_of.__globals__["boto3"]
    real, refusals = boto3.client, [0]

    class Refusing:
        def get_authorization_token(self) -> Any:
            refusals[0] -= 1
            answer = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized to perform it"}}
            raise ClientError(answer, "GetAuthorizationToken")

    def client(service: str, **settings: Any) -> Any:
        return Refusing() if service == "ecr" and refusals[0] else real(service, **settings)

    def refuse(times: int) -> None:
        refusals[0] = times

    monkeypatch.setattr(boto3, "client", client)
    return refuse


def auths(gitlab: GitLabServer, scope: str) -> dict[str, str]:
    """The user and password of each registry in a scope's one variable."""
    (found,) = gitlab.variables(scope)
    decoded = json.loads(found.value)["auths"]
    return {host: base64.b64decode(each["auth"]).decode() for host, each in decoded.items()}


def test_a_missing_variable_is_created(function: Function, gitlab: GitLabServer) -> None:
    assert function.run() == {"renewed": ALL}
    for scope in ALL:
        (created,) = gitlab.variables(scope)
        assert created == Variable(
            "DOCKER_AUTH_CONFIG", created.value, masked=True, raw=True, protected=False, description=MARK
        )
        assert auths(gitlab, scope) == {ECR_HOST: f"AWS:{ECR_PASSWORD}", "legacy.example": f"me:{PASSWORD}"}


def test_the_value_is_that_of_the_librarys_other_variables(function: Function, gitlab: GitLabServer) -> None:
    function.configuration["registries"] = dict(reversed(function.configuration["registries"].items()))
    function.run()
    credentials = [(ECR_HOST, "AWS", ECR_PASSWORD), ("legacy.example", "me", PASSWORD)]
    assert gitlab.variables("project 7")[0].value == docker_auth_config(credentials)


def test_requests_to_aws_have_one_attempt_and_a_short_timeout(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function itself retries what fails, as long as it has time."""
    boto3 = function.module.auth_of.__globals__["boto3"]
    real, given = boto3.client, list[tuple[Any, ...]]()

    def client(service: str, *, region_name: str, config: Any) -> Any:
        limits = config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]
        given.append((service, region_name, *limits))
        return real(service, region_name=region_name, config=config)

    monkeypatch.setattr(boto3, "client", client)
    function.run()
    once = (REGION, 5, 5, 1)
    assert sorted(given) == [("ecr", *once), ("ssm", *once), ("ssm", *once)]


def test_the_functions_own_variable_is_changed_in_place(function: Function, gitlab: GitLabServer) -> None:
    function.configuration["variables"] = [variable("project 7", environment_scope="prod/*", protected=True)]
    function.run()
    (first,) = gitlab.variables("project 7")
    gitlab.variables("project 7")[0] = Variable(**{**vars(first), "value": "old-old-old", "protected": False})
    gitlab.requests.clear()
    function.run()
    assert gitlab.variables("project 7") == [first]
    assert (first.environment_scope, first.protected) == ("prod/*", True)
    assert [each.partition(" ")[0] for each in gitlab.requests] == ["GET", "PUT"]


def test_a_variable_for_another_environment_stays_unchanged(function: Function, gitlab: GitLabServer) -> None:
    other = Variable("DOCKER_AUTH_CONFIG", "{}", environment_scope="review/*")
    gitlab.variables("project 7").append(other)
    function.run()
    assert [each.environment_scope for each in gitlab.variables("project 7")] == ["review/*", "*"]
    assert gitlab.variables("project 7")[0] == other


def test_a_variable_of_another_owner_stays_unchanged(function: Function, gitlab: GitLabServer) -> None:
    theirs = Variable("DOCKER_AUTH_CONFIG", '{"auths":{}}', description="by hand")
    gitlab.variables("project 8").append(theirs)
    assert function.failing() == (
        "project 8: DOCKER_AUTH_CONFIG exists already, and was not created by this function: remove it, or "
        "declare another key or environment_scope"
    )
    assert gitlab.variables("project 8") == [theirs]
    assert all(auths(gitlab, scope) for scope in ("project 7", "group 42"))


def test_only_a_renewal_without_failure_is_counted(
    function: Function, gitlab: GitLabServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """In CloudWatch's embedded metric format, with the time in milliseconds."""
    before = time.time()
    function.run()
    *_, counted = capsys.readouterr().out.splitlines()
    metric = json.loads(counted)
    assert before - 1 < metric["_aws"].pop("Timestamp") / 1000 < time.time() + 1
    described = {"Namespace": "GitLabRunner", "Dimensions": [["Renewal"]], "Metrics": [{"Name": "Renewed"}]}
    assert metric == {"_aws": {"CloudWatchMetrics": [described]}, "Renewal": MARK, "Renewed": 1}
    gitlab.fail("GET", "/projects/7/", 401)
    function.failing()
    assert "_aws" not in capsys.readouterr().out


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failure_of_gitlab_is_retried(function: Function, gitlab: GitLabServer, status: int) -> None:
    gitlab.fail("POST", "/projects/7/", status)
    gitlab.fail("POST", "/projects/7/", status)
    assert sorted(function.run()["renewed"]) == sorted(ALL)
    assert function.time.slept == [1, 2]


def test_the_wait_follows_retry_after(function: Function, gitlab: GitLabServer) -> None:
    gitlab.fail("GET", "/groups/42/", 429, headers={"Retry-After": "30"})
    assert sorted(function.run()["renewed"]) == sorted(ALL)
    assert function.time.slept == [30]


def test_a_wait_beyond_the_timeout_is_not_started(function: Function, gitlab: GitLabServer) -> None:
    gitlab.fail("GET", "/groups/42/", 429, headers={"Retry-After": "3600"})
    assert function.failing() == "group 42: GitLab answers 429"
    assert function.time.slept == []
    assert all(auths(gitlab, scope) for scope in ("project 7", "project 8"))


def test_the_function_ends_before_its_timeout(function: Function, gitlab: GitLabServer) -> None:
    for _ in range(20):
        gitlab.fail("GET", "/projects/8/", 500)
    assert function.failing() == "project 8: GitLab answers 500"
    assert function.time.seconds < function.timeout


def test_a_task_without_time_left_is_reported(function: Function) -> None:
    function.timeout = 0
    assert function.failing() == "the GitLab token: no time was left"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "GitLab does not accept the variable (400)"),
        (401, "GitLab does not know the token, or it has expired (401)"),
        (
            403,
            (
                "the token has no permission: it needs the scope api, and the role Maintainer in the project "
                "or Owner in the group (403)"
            ),
        ),
        (302, "GitLab answers 302"),
    ],
)
def test_a_refusal_is_reported_and_not_retried(
    function: Function, gitlab: GitLabServer, status: int, message: str
) -> None:
    gitlab.fail("GET", "/projects/7/", status, headers={"Location": "http://127.0.0.1:9/"})
    assert function.failing() == f"project 7: {message}"
    assert function.time.slept == []


def test_two_concurrent_runs_do_not_conflict(function: Function, gitlab: GitLabServer) -> None:
    others = Variable("DOCKER_AUTH_CONFIG", '{"auths":{}}', description=MARK)
    gitlab.fail("POST", "/projects/7/", 400, meanwhile=lambda: gitlab.variables("project 7").append(others))
    assert sorted(function.run()["renewed"]) == sorted(ALL)
    assert auths(gitlab, "project 7").keys() == {ECR_HOST, "legacy.example"}


def test_a_missing_project_does_not_affect_the_others(function: Function, gitlab: GitLabServer) -> None:
    del gitlab.state.projects[8]
    assert function.failing() == "project 8: not found in GitLab, or the token has no access to it (404)"
    assert all(auths(gitlab, scope) for scope in ("project 7", "group 42"))


def test_a_server_other_than_gitlab_is_reported(function: Function, aws_endpoint: str) -> None:
    function.configuration["gitlab_url"] = aws_endpoint
    function.configuration["variables"] = [variable("project 7")]
    assert function.failing().startswith("project 7: ")


def test_a_gitlab_that_cannot_be_reached_is_reported(function: Function) -> None:
    function.configuration["gitlab_url"] = "http://127.0.0.1:9"
    function.configuration["variables"] = [variable("project 7")]
    assert function.failing() == "project 7: GitLab cannot be reached (ConnectionRefusedError)"


def test_a_registry_that_fails_keeps_its_password(
    function: Function, gitlab: GitLabServer, refuse_ecr: Refuse
) -> None:
    function.run()
    refuse_ecr(1000)
    assert function.failing() == f"{ECR_HOST}: AccessDeniedException: not authorized to perform it"
    assert auths(gitlab, "project 7") == {ECR_HOST: f"AWS:{ECR_PASSWORD}", "legacy.example": f"me:{PASSWORD}"}


def test_a_registry_that_is_no_longer_declared_is_removed(function: Function, gitlab: GitLabServer) -> None:
    function.run()
    del function.configuration["registries"]["legacy.example"]
    function.run()
    assert auths(gitlab, "project 7").keys() == {ECR_HOST}


def test_without_any_password_nothing_is_written(
    function: Function, gitlab: GitLabServer, refuse_ecr: Refuse
) -> None:
    refuse_ecr(1000)
    del function.configuration["registries"]["legacy.example"]
    assert "project 7: the password of every registry is missing" in function.failing()
    assert gitlab.variables("project 7") == []


@pytest.mark.parametrize("kind", ["parameter", "secret"])
def test_a_missing_secret_is_reported(function: Function, gitlab: GitLabServer, kind: str) -> None:
    function.configuration["registries"]["legacy.example"] = {"kind": kind, "region": REGION, "id": "/none"}
    message = function.failing()
    assert message.startswith("legacy.example: ")
    assert "NotFound" in message
    assert auths(gitlab, "project 7").keys() == {ECR_HOST}
    assert function.time.slept == []


def test_a_missing_token_ends_the_renewal(function: Function, gitlab: GitLabServer) -> None:
    function.configuration["gitlab_token"]["id"] = "/none"
    assert function.failing().startswith("the GitLab token: ParameterNotFound")
    assert gitlab.requests == []


def test_a_refusal_of_ecr_is_retried(function: Function, refuse_ecr: Refuse) -> None:
    refuse_ecr(2)
    assert function.run() == {"renewed": ALL}
    assert function.time.slept == [1, 2]


def test_public_ecr_has_a_password(function: Function, gitlab: GitLabServer) -> None:
    function.configuration["registries"] = {"public.ecr.aws": {"kind": "ecr-public", "region": "us-east-1"}}
    function.run()
    assert auths(gitlab, "project 7") == {"public.ecr.aws": "AWS:gallery-auth-token"}


@pytest.mark.parametrize("action", ["create", "update"])
def test_pulumi_renews_the_variable_that_it_names(
    function: Function, gitlab: GitLabServer, action: str
) -> None:
    event = {"variable": variable("project 8"), "tf": {"action": action, "prev_input": None}}
    assert function.run(event) == {"renewed": ["project 8"]}
    assert gitlab.variables("project 7") == []


def test_pulumi_removes_the_variable_that_it_names(function: Function, gitlab: GitLabServer) -> None:
    function.run()
    event = {"variable": variable("project 8"), "tf": {"action": "delete", "prev_input": {}}}
    assert function.run(event) == {"removed": ["project 8"]}
    assert gitlab.variables("project 8") == []
    assert gitlab.variables("project 7") != []
    assert function.run(event) == {"removed": ["project 8"]}


def test_a_variable_of_another_owner_is_not_removed(function: Function, gitlab: GitLabServer) -> None:
    gitlab.variables("project 8").append(Variable("DOCKER_AUTH_CONFIG", "{}", description="by hand"))
    event = {"variable": variable("project 8"), "tf": {"action": "delete", "prev_input": {}}}
    function.run(event)
    assert len(gitlab.variables("project 8")) == 1


def test_a_renamed_stack_keeps_its_variables(function: Function, gitlab: GitLabServer) -> None:
    previous = {"variable": variable("project 8"), "mark": "Kept fresh by ci/previous/hosted-auth/ecr"}
    gitlab.variables("project 8").append(
        Variable("DOCKER_AUTH_CONFIG", "{}", masked=True, raw=True, description=previous["mark"])
    )
    assert "was not created by this function" in function.failing()
    event = {**previous, "mark": MARK, "tf": {"action": "update", "prev_input": previous}}
    assert function.run(event) == {"renewed": ["project 8"]}
    (renewed,) = gitlab.variables("project 8")
    assert renewed.description == MARK


def test_a_variable_that_a_renamed_stack_has_not_renewed_is_removed(
    function: Function, gitlab: GitLabServer
) -> None:
    previous = {"variable": variable("project 8"), "mark": "Kept fresh by ci/previous/hosted-auth/ecr"}
    gitlab.variables("project 8").append(Variable("DOCKER_AUTH_CONFIG", "{}", description=previous["mark"]))
    event = {**previous, "tf": {"action": "delete", "prev_input": previous}}
    assert function.run(event) == {"removed": ["project 8"]}
    assert gitlab.variables("project 8") == []


def test_no_message_or_output_has_a_secret(
    function: Function, gitlab: GitLabServer, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = [str(function.run())]
    for status in (400, 401, 403, 404, 500):
        gitlab.fail("PUT", "/projects/7/", status)
        function.timeout = 0.5 if status == 500 else 100
        messages.append(function.failing() if status != 404 else str(function.run()))
    function.configuration["gitlab_token"] = function.configuration["registries"]["legacy.example"]
    messages.append(function.failing())
    printed = capsys.readouterr()
    text = "\n".join([*messages, printed.out, printed.err])
    for secret in (TOKEN, PASSWORD, ECR_PASSWORD):
        assert secret not in text
        assert base64.b64encode(secret.encode()).decode()[4:-4] not in text
    assert "the stored text is not a token" in text


def test_a_stored_text_that_is_not_a_pair_is_reported(function: Function) -> None:
    function.configuration["registries"]["legacy.example"] = function.configuration["gitlab_token"]
    message = function.failing()
    assert message == 'legacy.example: the stored text is not {"username": …, "password": …}'


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        ({"username": "", "password": "p"}, 'the stored text is not {"username": …, "password": …}'),
        ({"username": "me", "password": ""}, 'the stored text is not {"username": …, "password": …}'),
        ({"username": "me", "password": None}, 'the stored text is not {"username": …, "password": …}'),
        ({"username": "me", "password": 5}, 'the stored text is not {"username": …, "password": …}'),
        ({"username": "me", "password": "\ud800"}, 'the stored text is not {"username": …, "password": …}'),
        (
            {"username": "a:b", "password": "p"},
            "the stored user has a colon, which ends the user in Docker's configuration",
        ),
    ],
)
def test_a_pair_that_hosts_refuse_is_refused(function: Function, pair: dict[str, Any], reason: str) -> None:
    name = "/ci/another-pair"
    boto3.client("ssm", region_name=REGION).put_parameter(
        Name=name, Value=json.dumps(pair), Type="SecureString", Overwrite=True
    )
    function.configuration["registries"]["legacy.example"]["id"] = name
    assert function.failing() == f"legacy.example: {reason}"


def test_the_handler_reads_its_configuration_and_the_remaining_time(
    function: Function, gitlab: GitLabServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 60_000

    (tmp_path / "configuration.json").write_text(json.dumps(function.configuration))
    monkeypatch.setattr(function.module, "__file__", str(tmp_path / "handler.py"))
    assert function.module.handler({}, Context()) == {"renewed": ALL}


def test_gitlab_with_a_certificate_of_a_private_authority(function: Function) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    with gitlab_server(context) as gitlab:
        function.configuration["gitlab_url"] = gitlab.url
        assert "GitLab's certificate is not trusted: " in function.failing()
        assert function.time.slept == []  # it would be refused again
        function.configuration["gitlab_authorities"] = pem("other") + pem()
        assert function.run() == {"renewed": ALL}
