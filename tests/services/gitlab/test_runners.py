"""Runners, and their enablement for projects."""

import re

import pytest

from sandbox.services.gitlab import access, create_application
from sandbox.services.gitlab.state import Role
from tests.services.gitlab.caller import TOKEN, Caller

INSTANCE = {"runner_type": "instance_type"}
GROUP = {"runner_type": "group_type", "group_id": 42}
PROJECT = {"runner_type": "project_type", "project_id": 7}


def create(call, body):
    answer = call("POST", "user/runners", body)
    assert answer.status == 201, answer.body
    return answer.body


@pytest.mark.parametrize(
    ("body", "groups", "projects"), [(INSTANCE, [], []), (GROUP, [42], []), (PROJECT, [], [7])]
)
def test_a_runner_of_each_type(call, body, groups, projects):
    runner = create(call, body)
    details = call("GET", f"runners/{runner['id']}").body
    assert details["runner_type"] == body["runner_type"]
    assert [group["id"] for group in details["groups"]] == groups
    assert [project["id"] for project in details["projects"]] == projects


def test_the_token_is_shown_once(call):
    runner = create(call, GROUP)
    assert re.fullmatch(r"glrt-[A-Za-z0-9_-]{20}", runner["token"])
    shown = [
        call("GET", "runners/1").body,
        call("GET", "runners/all").body,
        call("PUT", "runners/1", {"paused": True}).body,
    ]
    assert all(shown)
    assert runner["token"] not in str(shown)


def test_ids_count_up_and_tokens_differ(call):
    runners = [create(call, GROUP) for _ in range(3)]
    assert [runner["id"] for runner in runners] == [1, 2, 3]
    assert len({runner["token"] for runner in runners}) == 3


def test_the_prefix_of_tokens_can_be_set(call):
    call = Caller(create_application(TOKEN, runner_token="glrt-canary").test_client())
    assert [create(call, GROUP)["token"] for _ in range(2)] == ["glrt-canary-1", "glrt-canary-2"]


def test_defaults(call):
    create(call, GROUP)
    details = call("GET", "runners/1").body
    assert {
        name: details[name]
        for name in ("paused", "locked", "run_untagged", "tag_list", "access_level", "status")
    } == {
        "paused": False,
        "locked": False,
        "run_untagged": True,
        "tag_list": [],
        "access_level": "not_protected",
        "status": "never_contacted",
    }
    assert details["maximum_timeout"] is None


def test_every_setting_is_kept_and_changed(call):
    settings = {
        "description": "build",
        "paused": True,
        "locked": True,
        "run_untagged": False,
        "tag_list": ["docker", "aws"],
        "access_level": "ref_protected",
        "maximum_timeout": 600,
        "maintenance_note": "since spring",
    }
    create(call, {**GROUP, **settings})
    details = call("GET", "runners/1").body
    assert {name: details[name] for name in settings} == {**settings, "tag_list": ["aws", "docker"]}
    changed = call("PUT", "runners/1", {"tag_list": "b,a,b", "maximum_timeout": None, "paused": False}).body
    assert (changed["tag_list"], changed["maximum_timeout"], changed["paused"]) == (["a", "b"], None, False)
    assert changed["description"] == "build"
    assert call("GET", "runners/1").body == {**changed, "projects": []}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "runner_type is missing, runner_type does not have a valid value"),
        ({"runner_type": "shared"}, "runner_type does not have a valid value"),
        ({"runner_type": "group_type"}, "group_id is missing"),
        ({"runner_type": "project_type"}, "project_id is missing"),
        ({**GROUP, "project_id": 7}, "project_id does not belong to a runner of group_type"),
        ({**PROJECT, "group_id": 42}, "group_id does not belong to a runner of project_type"),
        ({**INSTANCE, "group_id": 42}, "group_id does not belong to a runner of instance_type"),
        ({**GROUP, "access_level": "all"}, "access_level does not have a valid value"),
        ({**GROUP, "maximum_timeout": "long"}, "maximum_timeout is invalid"),
        ({**GROUP, "tags": ["docker"]}, "tags is not a parameter of this request"),
    ],
)
def test_parameters_of_a_new_runner(call, body, error):
    answer = call("POST", "user/runners", body)
    assert (answer.status, answer.body) == (400, {"error": error})


RULES = [
    ({"maximum_timeout": 599}, "maximum_timeout", "needs to be at least 10 minutes"),
    ({"maintenance_note": "n" * 1025}, "maintenance_note", "is too long (maximum is 1024 characters)"),
    ({"description": "d" * 1025}, "description", "is too long (maximum is 1024 characters)"),
    (
        {"run_untagged": False},
        "tags_list",
        "can not be empty when runner is not allowed to pick untagged jobs",
    ),
    (
        {"tag_list": [str(number) for number in range(51)]},
        "tags_list",
        "Too many tags specified. Please limit the number of tags to 50",
    ),
]


@pytest.mark.parametrize(("settings", "attribute", "message"), RULES)
def test_rules_of_a_new_runner(call, settings, attribute, message):
    answer = call("POST", "user/runners", {**GROUP, **settings})
    label = attribute.replace("_", " ").capitalize()
    assert (answer.status, answer.body) == (400, {"message": f"400 Bad request - {label} {message}"})
    assert call("GET", "runners/all").body == []


@pytest.mark.parametrize(("settings", "attribute", "message"), RULES)
def test_rules_of_a_change(call, settings, attribute, message):
    create(call, GROUP)
    before = call("GET", "runners/1").body
    answer = call("PUT", "runners/1", settings)
    assert (answer.status, answer.body) == (400, {"message": {attribute: [message]}})
    assert call("GET", "runners/1").body == before


def test_several_errors_are_one_message(call):
    answer = call("POST", "user/runners", {**GROUP, "run_untagged": False, "maximum_timeout": 1})
    assert answer.body["message"] == (
        "400 Bad request - Tags list can not be empty when runner is not allowed to pick untagged jobs"
        " and Maximum timeout needs to be at least 10 minutes"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({**GROUP, "group_id": 1}, "Missing/invalid group"),
        ({**PROJECT, "project_id": 1}, "Missing/invalid project"),
    ],
)
def test_a_missing_group_or_project_is_refused(call, body, reason):
    answer = call("POST", "user/runners", body)
    assert (answer.status, answer.body) == (400, {"message": f"400 Bad request - {reason}"})


def test_an_empty_change_is_refused(call):
    create(call, GROUP)
    answer = call("PUT", "runners/1", {})
    assert answer.status == 400
    assert answer.body["error"].endswith("are missing, at least one parameter must be provided")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_runner_is_not_found(call, method):
    answer = call(method, "runners/9", {"paused": True} if method == "PUT" else None)
    assert (answer.status, answer.body) == (404, {"message": "404 Runner Not Found"})


def test_a_deleted_runner_is_gone(call):
    create(call, GROUP)
    assert call("DELETE", "runners/1").status == 204
    assert call("GET", "runners/1").status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_developer_has_no_access_to_a_group_runner(call, method):
    create(call, GROUP)
    answer = call.as_("developer")(method, "runners/1", {"paused": True} if method == "PUT" else None)
    assert (answer.status, answer.body) == (403, {"message": "403 Forbidden - No access granted"})


def test_a_maintainer_of_the_group_reads_its_runner_without_the_note(call):
    create(call, {**GROUP, "maintenance_note": "since spring"})
    maintainer = call.as_("maintainer")
    assert maintainer("GET", "runners/1").body == {
        **call("GET", "runners/1").body,
        "maintenance_note": None,
    }
    assert maintainer("PUT", "runners/1", {"paused": True}).status == 403


def test_the_note_of_an_instance_runner_is_for_administrators(call):
    create(call, {**INSTANCE, "maintenance_note": "since spring"})
    assert call("GET", "runners/1").body["maintenance_note"] == "since spring"
    assert call.as_("maintainer")("GET", "runners/1").body["maintenance_note"] is None


def test_lists_have_all_runners_or_those_of_the_users_own_groups_and_projects(call, application):
    for body in (INSTANCE, GROUP, PROJECT):
        create(call, body)

    def listed(user, path="runners"):
        return [runner["id"] for runner in user("GET", path).body]

    assert listed(call, "runners/all") == [1, 2, 3]
    assert listed(call) == []  # an administrator who is a member of none
    assert listed(call.as_("maintainer")) == [3]
    application.extensions[access.INSTANCE].tokens[f"{TOKEN}-maintainer"].user.roles[42] = Role.OWNER
    assert listed(call.as_("maintainer")) == [2, 3]


class TestEnablement:
    def test_a_second_project_and_back(self, call):
        create(call, PROJECT)
        assert call("POST", "projects/platform%2Ftoolchain/runners", {"runner_id": 1}).status == 201
        assert [project["id"] for project in call("GET", "runners/1").body["projects"]] == [7, 8]
        assert call("DELETE", "projects/8/runners/1").status == 204
        assert [project["id"] for project in call("GET", "runners/1").body["projects"]] == [7]

    def test_only_once(self, call):
        create(call, PROJECT)
        answer = call("POST", "projects/7/runners", {"runner_id": 1})
        reason = "Validation failed: Runner projects runner has already been taken - runner_error"
        assert (answer.status, answer.body) == (400, {"message": reason})

    @pytest.mark.parametrize(
        ("body", "reason"), [(GROUP, "Runner is a group runner"), (INSTANCE, "No access granted")]
    )
    def test_only_project_runners(self, call, body, reason):
        create(call, body)
        answer = call("POST", "projects/8/runners", {"runner_id": 1})
        assert (answer.status, answer.body) == (403, {"message": f"403 Forbidden - {reason}"})

    def test_a_locked_runner_only_by_an_administrator(self, call):
        create(call, {**PROJECT, "locked": True})
        answer = call.as_("maintainer")("POST", "projects/8/runners", {"runner_id": 1})
        assert (answer.status, answer.body) == (403, {"message": "403 Forbidden - Runner is locked"})
        assert call("POST", "projects/8/runners", {"runner_id": 1}).status == 201

    def test_a_runner_of_two_projects_is_deleted_only_by_an_administrator(self, call):
        create(call, PROJECT)
        call("POST", "projects/8/runners", {"runner_id": 1})
        answer = call.as_("maintainer")("DELETE", "runners/1")
        assert answer.status == 403
        assert "Runner associated with more than one project" in answer.body["message"]
        assert call("DELETE", "runners/1").status == 204

    @pytest.mark.parametrize("others", [[], [8]])
    @pytest.mark.parametrize(
        ("user", "reason"),
        [
            ("", "You cannot unassign a runner from the owner project. Delete the runner instead"),
            ("maintainer", "No access granted"),
        ],
    )
    def test_the_first_project_stays(self, call, others, user, reason):
        create(call, PROJECT)
        for project in others:
            call("POST", f"projects/{project}/runners", {"runner_id": 1})
        answer = (call.as_(user) if user else call)("DELETE", "projects/7/runners/1")
        assert (answer.status, answer.body) == (403, {"message": f"403 Forbidden - {reason}"})

    def test_a_locked_runner_loses_a_project_only_by_an_administrator(self, call):
        create(call, {**PROJECT, "locked": True})
        call("POST", "projects/8/runners", {"runner_id": 1})
        answer = call.as_("maintainer")("DELETE", "projects/8/runners/1")
        assert (answer.status, answer.body) == (403, {"message": "403 Forbidden - Runner is locked"})
        assert call("DELETE", "projects/8/runners/1").status == 204

    def test_a_project_that_is_not_enabled_cannot_be_disabled(self, call):
        create(call, PROJECT)
        answer = call("DELETE", "projects/8/runners/1")
        assert (answer.status, answer.body) == (404, {"message": "404 Runner Not Found"})
