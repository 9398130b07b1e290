"""Authentication and authorization."""

import pytest

from sandbox.services.gitlab import create_application
from tests.services.gitlab.caller import TOKEN, Caller


@pytest.mark.parametrize("token", ["", "wrong"])
def test_no_or_wrong_token_is_unauthorized(call, token):
    answer = call("GET", "user", headers={"Private-Token": token})
    assert (answer.status, answer.body) == (401, {"message": "401 Unauthorized"})


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Private-Token": "", "Authorization": f"Bearer {TOKEN}"}},
        {"headers": {"Private-Token": ""}, "query_string": {"private_token": TOKEN}},
    ],
)
def test_a_token_may_be_in_other_places(call, options):
    assert call("GET", "user", **options).body["username"] == "root"


def test_further_tokens_are_the_administrators():
    client = create_application(TOKEN, further=["another-one"]).test_client()
    for token in (TOKEN, "another-one"):
        assert Caller(client, token)("GET", "user").body["username"] == "root"


def test_a_read_scope_cannot_write(call):
    reader = call.as_("read-api")
    assert reader("GET", "projects/7/variables").status == 200
    answer = reader("POST", "projects/7/variables", {"key": "KEY", "value": "value"})
    assert (answer.status, answer.body["error"], answer.body["scope"]) == (
        403,
        "insufficient_scope",
        "api read_api",
    )


def test_the_scope_create_runner_allows_nothing_else(call):
    creator = call.as_("create-runner")
    runner = creator("POST", "user/runners", {"runner_type": "instance_type"})
    assert runner.status == 201
    assert creator("GET", f"runners/{runner.body['id']}").body["error"] == "insufficient_scope"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "projects/7/variables", None),
        ("POST", "projects/7/variables", {"key": "KEY", "value": "value"}),
        ("POST", "groups/42/variables", {"key": "KEY", "value": "value"}),
        ("GET", "admin/ci/variables", None),
        ("GET", "runners/all", None),
        ("POST", "user/runners", {"runner_type": "instance_type"}),
        ("POST", "user/runners", {"runner_type": "group_type", "group_id": 42}),
        ("POST", "user/runners", {"runner_type": "project_type", "project_id": 7}),
    ],
)
def test_requests_that_are_forbidden_for_a_developer(call, method, path, body):
    answer = call.as_("developer")(method, path, body)
    assert answer.status == 403
    assert answer.body["message"].startswith("403 Forbidden")


def test_a_maintainer_may_change_projects_and_not_groups(call):
    maintainer = call.as_("maintainer")
    assert maintainer("POST", "projects/7/variables", {"key": "KEY", "value": "value"}).status == 201
    assert maintainer("POST", "groups/42/variables", {"key": "KEY", "value": "value"}).status == 403
    project = {"runner_type": "project_type", "project_id": 7}
    assert maintainer("POST", "user/runners", project).status == 201
    group = {"runner_type": "group_type", "group_id": 42}
    assert maintainer("POST", "user/runners", group).body == {
        "message": "403 Forbidden - Insufficient permissions"
    }


@pytest.mark.parametrize(
    ("path", "kind"), [("groups/43", "Group"), ("projects/8", "Project"), ("projects/8/variables", "Project")]
)
def test_groups_and_projects_without_membership_are_not_found(call, path, kind):
    answer = call.as_("developer")("GET", path)
    assert (answer.status, answer.body) == (404, {"message": f"404 {kind} Not Found"})


@pytest.mark.parametrize(("path", "kind"), [("groups/999", "Group"), ("projects/team%2Fnothing", "Project")])
def test_unknown_groups_and_projects_are_not_found(call, path, kind):
    answer = call("GET", path)
    assert (answer.status, answer.body) == (404, {"message": f"404 {kind} Not Found"})


def test_groups_and_projects_by_id_and_by_path(call):
    assert call("GET", "groups/team").body == call("GET", "groups/42").body
    assert call("GET", "projects/team%2Fapp").body == call("GET", "projects/7").body
    assert call("GET", "projects/7").body["path_with_namespace"] == "team/app"


@pytest.mark.parametrize("path", ["projects/team/app", "projects/team/app/variables"])
def test_a_path_must_be_encoded(call, path):
    answer = call("GET", path)
    assert (answer.status, answer.body) == (404, {"message": "404 Project Not Found"})


def test_lists_have_only_the_groups_and_projects_of_the_user(call):
    assert [group["id"] for group in call("GET", "groups").body] == [42, 43]
    assert [project["id"] for project in call.as_("developer")("GET", "projects").body] == [7]


def test_an_unknown_endpoint_is_not_found(call):
    assert call("GET", "no/such/thing").body == {"error": "404 Not Found"}
    assert call("PATCH", "user").status == 405


def test_metadata_and_version_agree(call):
    assert call("GET", "metadata").body["version"] == call("GET", "version").body["version"]
