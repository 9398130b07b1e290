"""Groups and projects that are made, moved and deleted, and who serves their jobs."""

import pytest


def make(call, kind, **body):
    answer = call("POST", kind, body)
    assert answer.status == 201, answer.body
    return answer.body


def runners_of(call, project):
    return [runner["id"] for runner in call("GET", f"projects/{project}/runners").body]


def test_a_subgroup_and_its_project_are_found_by_their_full_path(call):
    group = make(call, "groups", name="Tools", path="tools", parent_id=42)
    assert (group["full_path"], group["full_name"]) == ("team/tools", "Team / Tools")
    project = make(call, "projects", name="My API", namespace_id=group["id"])
    assert project["path_with_namespace"] == "team/tools/my-api"
    assert call("GET", "groups/team%2Ftools").body == group
    assert call("GET", "projects/team%2Ftools%2Fmy-api").body == project
    assert call("GET", "groups/tools").status == 404


def test_a_runner_of_a_group_serves_the_projects_below(call):
    group = make(call, "groups", name="Tools", path="tools", parent_id=42)
    below = make(call, "projects", name="api", namespace_id=group["id"])["id"]
    call("POST", "user/runners", {"runner_type": "group_type", "group_id": 42})
    call("POST", "user/runners", {"runner_type": "group_type", "group_id": group["id"]})
    assert runners_of(call, below) == [1, 2]
    assert runners_of(call, 7) == [1]
    assert [runner["id"] for runner in call("GET", f"groups/{group['id']}/runners").body] == [1, 2]


@pytest.mark.parametrize(
    ("kind", "given", "status", "attribute"),
    [
        ("groups", {"name": "Other", "path": "team"}, 400, 'path: ["has already been taken"]'),
        ("groups", {"name": "TEAM", "path": "other"}, 400, 'name: ["has already been taken"]'),
        ("groups", {"name": "Other", "path": "-other"}, 400, 'path: ["can only include'),
        ("groups", {"name": "Other", "path": "other.git"}, 400, 'path: ["can only include'),
        (
            "groups",
            {"name": "Other", "path": "other", "parent_id": 42, "visibility": "internal"},
            400,
            "internal is not allowed since the parent group has a private visibility.",
        ),
        ("groups", {"name": "Other", "path": "other", "parent_id": 999}, 404, "Group Not Found"),
        ("projects", {"name": "App", "namespace_id": 42}, 400, "has already been taken"),
        ("projects", {"name": "Other", "namespace_id": 999}, 400, "is not valid"),
        (
            "projects",
            {"name": "Other", "namespace_id": 42, "visibility": "public"},
            400,
            "public is not allowed in a private group.",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused(call, kind, given, status, attribute):
    before = call("GET", kind).body
    answer = call("POST", kind, given)
    assert answer.status == status
    assert attribute in str(answer.body["message"])
    assert call("GET", kind).body == before


def test_a_refused_change_changes_nothing(call):
    before = call("GET", "groups/43").body
    assert call("PUT", "groups/43", {"path": "team", "description": "x"}).status == 400
    assert call("GET", "groups/43").body == before


def test_a_group_does_not_move_below_itself(call):
    group = make(call, "groups", name="Tools", path="tools", parent_id=42)
    assert call("POST", "groups/42/transfer", {"group_id": group["id"]}).status == 400
    assert call("GET", "groups/42").body["full_path"] == "team"


def test_roles_reach_down(call):
    developer, maintainer = call.as_("developer"), call.as_("maintainer")
    below = {"name": "Tools", "path": "tools", "parent_id": 42}
    assert developer("POST", "groups", below).status == 403
    group = make(maintainer, "groups", **below)
    assert developer("GET", f"groups/{group['id']}").status == 200
    assert developer("DELETE", f"groups/{group['id']}").status == 403
    assert make(developer, "projects", name="mine", namespace_id=group["id"])["id"] == 100
    assert maintainer("DELETE", f"groups/{group['id']}").status == 202


def test_what_was_in_a_deleted_group_is_gone(call):
    group = make(call, "groups", name="Tools", path="tools", parent_id=42)
    project = make(call, "projects", name="api", namespace_id=group["id"])["id"]
    call("POST", "user/runners", {"runner_type": "group_type", "group_id": group["id"]})
    call("POST", "user/runners", {"runner_type": "project_type", "project_id": project})
    call("POST", "user/runners", {"runner_type": "project_type", "project_id": 7})
    assert call("DELETE", "groups/42").status == 202
    assert [one["id"] for one in call("GET", "groups").body] == [43]
    assert [one["id"] for one in call("GET", "projects").body] == [8]
    assert call("GET", "runners/all").body == []
