"""Groups and projects that are created, moved and deleted, and who serves their jobs."""

import pytest


def create(call, kind, **body):
    answer = call("POST", kind, body)
    assert answer.status == 201, answer.body
    return answer.body


def test_a_project_is_found_by_its_full_path(call):
    project = create(call, "projects", name="My API", namespace_id=42)
    assert project["path_with_namespace"] == "team/my-api"
    assert call("GET", "projects/team%2Fmy-api").body == project
    assert call("GET", "projects/my-api").status == 404


@pytest.mark.parametrize(
    ("kind", "given", "status", "attribute"),
    [
        ("groups", {"name": "Other", "path": "team"}, 400, '{:path=>["has already been taken"]}'),
        ("groups", {"name": "TEAM", "path": "other"}, 400, '{:name=>["has already been taken"]}'),
        ("groups", {"name": "Other", "path": "-other"}, 400, '{:path=>["can only include'),
        ("groups", {"name": "Other", "path": "other.git"}, 400, '{:path=>["can only include'),
        ("projects", {"name": "App", "namespace_id": 42}, 400, "has already been taken"),
        ("projects", {"name": "Other", "namespace_id": 999}, 400, "is not valid"),
    ],
)
def test_invalid_values_are_refused(call, kind, given, status, attribute):
    before = call("GET", kind).body
    answer = call("POST", kind, given)
    assert answer.status == status
    assert attribute in str(answer.body["message"])
    assert call("GET", kind).body == before


def test_a_refused_change_changes_nothing(call):
    before = call("GET", "groups/43").body
    answer = call("PUT", "groups/43", {"path": "team", "description": "x"})
    assert (answer.status, answer.body) == (400, {"message": {"path": ["has already been taken"]}})
    assert call("GET", "groups/43").body == before


def test_roles_are_inherited(call):
    developer, maintainer = call.as_("developer"), call.as_("maintainer")
    assert create(developer, "projects", name="mine", namespace_id=42)["id"] == 100
    assert developer("DELETE", "projects/100").status == 403
    assert developer("DELETE", "groups/42").status == 403
    group = create(maintainer, "groups", name="Tools", path="tools")["id"]
    assert developer("GET", f"groups/{group}").status == 404
    assert maintainer("DELETE", f"groups/{group}").status == 202


def test_the_content_of_a_deleted_group_is_gone(call):
    project = create(call, "projects", name="api", namespace_id=42)["id"]
    call("POST", "user/runners", {"runner_type": "group_type", "group_id": 42})
    call("POST", "user/runners", {"runner_type": "project_type", "project_id": project})
    call("POST", "user/runners", {"runner_type": "project_type", "project_id": 7})
    assert call("DELETE", "groups/42").status == 202
    assert [one["id"] for one in call("GET", "groups").body] == [43]
    assert [one["id"] for one in call("GET", "projects").body] == [8]
    assert call("GET", "runners/all").body == []
